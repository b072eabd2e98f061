SELECT $__timeGroupAlias(hour_start, $__interval),
       sum(late_count)::float8 / nullif(sum(total_count), 0) AS late
  FROM reading_hours
 WHERE station IN (${stations:sqlstring})
   AND $__timeFilter(hour_start)
 GROUP BY 1
 ORDER BY 1
