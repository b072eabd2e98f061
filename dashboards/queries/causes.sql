-- Of closed incidents; precision: of those that paged, how many were pollution or an upset of the treatment. A drill is
-- neither right nor wrong.
SELECT topic,
       count(*) AS closed,
       count(*) FILTER (WHERE cause IN ('pollution', 'process_upset')) AS pollution,
       count(*) FILTER (WHERE cause IN ('sensor_fault', 'calibration', 'communication')) AS device,
       count(*) FILTER (WHERE cause = 'false_alarm') AS false_alarm,
       count(*) FILTER (WHERE cause IN ('drill', 'other')) AS other,
       count(*) FILTER (WHERE paged_at IS NOT NULL AND cause IN ('pollution', 'process_upset'))::float8
           / nullif(count(*) FILTER (WHERE paged_at IS NOT NULL AND cause <> 'drill'), 0) AS precision
  FROM incident_handling
 WHERE state = 'closed'
   AND stations && ARRAY[${stations:sqlstring}]::text[]
   AND $__timeFilter(opened_at)
 GROUP BY topic
 ORDER BY topic
