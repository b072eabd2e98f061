-- From the sums of the hours, by time of observation.
SELECT $__timeGroupAlias(hour_start, $__interval),
       sum(usable_count) / ($__interval_ms / 60000.0) AS usable,
       sum(total_count - usable_count) / ($__interval_ms / 60000.0) AS flagged,
       sum(late_count) / ($__interval_ms / 60000.0) AS late
  FROM reading_hours
 WHERE station IN (${stations:sqlstring})
   AND $__timeFilter(hour_start)
 GROUP BY 1
 ORDER BY 1
