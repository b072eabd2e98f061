SELECT min(observed_at), min(value), avg(value), max(value)
  FROM readings
 WHERE station = %(station)s AND parameter = %(parameter)s AND observed_at > %(start)s AND observed_at <= %(end)s
   AND value IS NOT NULL AND flag <= 2 AND status = '00'
 GROUP BY floor(extract(epoch FROM observed_at - %(start)s) / %(slice_s)s)
 ORDER BY min(observed_at)
