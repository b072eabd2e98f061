SELECT window_start AS time,
       mean AS hour_mean
  FROM judgements
 WHERE station = ${station:sqlstring}
   AND parameter = ${parameter:sqlstring}
   AND "window" = 'hour'
   AND $__timeFilter(window_start)
 ORDER BY 1
