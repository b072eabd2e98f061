SELECT count(*) FILTER (WHERE state = 'open') AS open,
       count(*) FILTER (WHERE state IN ('acknowledged', 'snoozed')) AS taken,
       count(*) FILTER (WHERE paged_at IS NOT NULL AND $__timeFilter(paged_at)) AS paged,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM taken_at - paged_at) / 60)
           FILTER (WHERE taken_at >= paged_at AND $__timeFilter(paged_at)) AS median_min
  FROM incident_handling
 WHERE stations && ARRAY[${stations:sqlstring}]::text[]
