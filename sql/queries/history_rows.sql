-- The newest rows first: of a station that sends every second the last hours are enough.
SELECT observed_at, parameter, value, flag, status
  FROM readings
 WHERE station = %(station)s AND observed_at >= %(since)s
 ORDER BY observed_at DESC
 LIMIT %(limit)s
