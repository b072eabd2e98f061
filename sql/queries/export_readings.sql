SELECT station, parameter, observed_at, received_at, value, status
  FROM readings
 WHERE station = %(station)s AND observed_at >= %(since)s AND observed_at < %(until)s
 ORDER BY observed_at, parameter
