SELECT $__timeGroupAlias(created_at, $__interval),
       count(*) FILTER (WHERE sent_at IS NOT NULL) AS sent,
       count(*) FILTER (WHERE failed_at IS NOT NULL) AS failed,
       count(*) FILTER (WHERE sent_at IS NULL AND failed_at IS NULL) AS waiting
  FROM deliveries
 WHERE $__timeFilter(created_at)
 GROUP BY 1
 ORDER BY 1
