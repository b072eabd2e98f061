-- Usable readings of each sensor since an instant, and the mean of the last hour of them.
SELECT parameter, sum(value), count(*), avg(value) FILTER (WHERE observed_at > %(now)s - INTERVAL '1 hour')
  FROM readings
 WHERE station = %(station)s AND observed_at >= %(since)s AND observed_at <= %(now)s AND status = '00' AND flag <= 2
   AND value IS NOT NULL
 GROUP BY parameter
