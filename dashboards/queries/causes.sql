-- Of closed incidents; precision: of those that were told, how many were pollution or an upset of the treatment. Drills
-- and other causes are neither right nor wrong.
SELECT topic,
       count(*) AS closed,
       count(*) FILTER (WHERE cause IN ('pollution', 'process_upset')) AS pollution,
       count(*) FILTER (WHERE cause IN ('sensor_fault', 'calibration', 'communication')) AS device,
       count(*) FILTER (WHERE cause = 'false_alarm') AS false_alarm,
       count(*) FILTER (WHERE cause IN ('drill', 'other')) AS other,
       avg(was_right::int)::float8 AS precision
  FROM incident_handling
 WHERE state = 'closed'
   AND stations && ARRAY[${stations:sqlstring}]::text[]
   AND $__timeFilter(opened_at)
 GROUP BY topic
 ORDER BY topic
