-- A sensor's readings in as many buckets as are drawn: least and greatest of what is usable, so that no peak is hidden,
-- and what is not usable beside them.
SELECT extract(epoch FROM time_bucket(%(width)s, observed_at, %(since)s::timestamptz))::float8 AS at,
       min(value) FILTER (WHERE status = '00' AND flag <= 2),
       max(value) FILTER (WHERE status = '00' AND flag <= 2),
       max(value) FILTER (WHERE status = '00' AND flag > 2),
       max(value) FILTER (WHERE status <> '00')
  FROM readings
 WHERE station = %(station)s AND parameter = %(parameter)s AND observed_at >= %(since)s AND observed_at < %(until)s
 GROUP BY 1
 ORDER BY 1
