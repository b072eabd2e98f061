SELECT wqi.window_start AS time,
       short_name(station.name_vi) AS metric,
       wqi.value::float8 AS index
  FROM wqi
  JOIN current_stations AS station ON station.code = wqi.station
 WHERE wqi.station IN (${stations:sqlstring})
   AND wqi."window" = 'day'
   AND $__timeFilter(wqi.window_start)
 ORDER BY 1, 2
