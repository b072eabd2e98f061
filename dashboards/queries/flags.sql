-- Only hours that hold something unusable are looked into.
SELECT $__timeGroupAlias(hour.hour_start, $__interval),
       reason AS metric,
       count(*)::float8 AS readings
  FROM reading_hours AS hour
  JOIN readings AS reading
    ON reading.station = hour.station AND reading.parameter = hour.parameter
   AND reading.observed_at >= hour.hour_start AND reading.observed_at < hour.hour_start + INTERVAL '1 hour'
 CROSS JOIN LATERAL unnest(reading.reasons) AS reason
 WHERE hour.station IN (${stations:sqlstring})
   AND hour.usable_count < hour.total_count
   AND $__timeFilter(hour.hour_start)
   AND reason <> 'first_reading'
 GROUP BY 1, 2
 ORDER BY 1, 2
