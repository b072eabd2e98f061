SELECT date_trunc('week', paged_at, 'Asia/Ho_Chi_Minh') AS time,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM taken_at - paged_at) / 60) AS p50,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM taken_at - paged_at) / 60) AS p90
  FROM incident_handling
 WHERE stations && ARRAY[${stations:sqlstring}]::text[]
   AND taken_at >= paged_at
   AND $__timeFilter(paged_at)
 GROUP BY 1
 ORDER BY 1
