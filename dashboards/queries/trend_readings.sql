-- The highest of each drawn interval, so that no peak is hidden when months are shown.
SELECT $__timeGroupAlias(observed_at, $__interval),
       max(value) FILTER (WHERE status = '00' AND flag <= 2) AS usable,
       max(value) FILTER (WHERE status = '00' AND flag = 3) AS suspect,
       max(value) FILTER (WHERE status <> '00' OR flag = 4) AS unusable
  FROM readings
 WHERE station = ${station:sqlstring}
   AND parameter = ${parameter:sqlstring}
   AND $__timeFilter(observed_at)
 GROUP BY 1
 ORDER BY 1
