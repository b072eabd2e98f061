-- An index of the marked readings alone serves it.
SELECT $__timeGroupAlias(reading.observed_at, $__interval),
       reason AS metric,
       count(*)::float8 AS readings
  FROM readings AS reading
 CROSS JOIN LATERAL unnest(reading.reasons) AS reason
 WHERE reading.reasons IS NOT NULL
   AND reading.station IN (${stations:sqlstring})
   AND $__timeFilter(reading.observed_at)
   AND reason <> 'first_reading'
 GROUP BY 1, 2
 ORDER BY 1, 2
