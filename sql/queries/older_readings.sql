-- Of some stations: how many readings were stored of hours before an instant, and which hour is the first.
SELECT station, min(hour_start), sum(stored)::bigint
  FROM stored_hours
 WHERE station = ANY(%(stations)s) AND hour_start < date_bin('1 hour', %(since)s::timestamptz, '2000-01-01 00:00:00+00')
 GROUP BY station
 ORDER BY station
