SELECT date_trunc('month', window_start, 'Asia/Ho_Chi_Minh') AS time,
       count(*) FILTER (WHERE "window" = 'hour') AS hours,
       count(*) FILTER (WHERE "window" = 'day') AS days
  FROM judgements
 WHERE verdict = 'exceeded'
   AND station IN (${stations:sqlstring})
   AND $__timeFilter(window_start)
 GROUP BY 1
 ORDER BY 1
