SELECT reason,
       count(*) AS letters,
       count(*) FILTER (WHERE replayed_at IS NULL) AS waiting,
       count(DISTINCT station) AS stations,
       max(received_at) AS newest,
       (array_agg(detail ORDER BY received_at DESC))[1] AS example
  FROM dead_letters
 WHERE station IN (${stations:sqlstring}, '')
   AND $__timeFilter(received_at)
 GROUP BY reason
 ORDER BY waiting DESC, letters DESC
