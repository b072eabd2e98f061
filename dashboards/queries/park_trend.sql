SELECT hour.hour_start AS time,
       short_name(station.name_vi) AS metric,
       (hour.usable_sum / hour.usable_count)::float8 AS mean
  FROM current_stations AS station
  JOIN reading_hours AS hour ON hour.station = station.code
 WHERE station.park = ${park:sqlstring}
   AND hour.parameter = ${parameter:sqlstring}
   AND hour.usable_count > 0
   AND $__timeFilter(hour.hour_start)
 ORDER BY 1, 2
