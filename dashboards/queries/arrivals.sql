-- By time of storing, from the sums of the minutes.
SELECT $__timeGroupAlias(minute, $__interval),
       sum(readings)::float8 / ($__interval_ms / 60000.0) AS readings
  FROM delays
 WHERE $__timeFilter(minute)
 GROUP BY 1
 ORDER BY 1
