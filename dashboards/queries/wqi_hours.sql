-- A hot spot without any has a row without a value: of no rows at all Grafana's grid says in English what it lacks.
WITH hours AS (
    SELECT station, window_start, value
      FROM wqi
     WHERE station IN (${stations:sqlstring})
       AND "window" = 'hour'
       AND $__timeFilter(window_start)
)
SELECT coalesce(hours.window_start, $__timeTo()::timestamptz) AS time,
       short_name(station.name_vi) AS metric,
       hours.value::float8 AS index
  FROM current_stations AS station
  LEFT JOIN hours ON hours.station = station.code
 WHERE station.code IN (${stations:sqlstring})
 ORDER BY 1, 2
