-- The newest hour and the newest day of each hot spot, with the level's name (QĐ 1460/QĐ-TCMT).
SELECT short_name(station.name_vi) AS name,
       hour.value AS hour_value,
       hour.value AS level,
       hour.window_start AS hour_start,
       day.value AS day_value,
       day.window_start AS day_start,
       CASE WHEN hour.station IS NULL AND day.station IS NULL THEN 'chưa tính (quantrac run reporter)'
            ELSE coalesce(nullif(hour.reason, ''), day.reason) END AS reason,
       array_to_string(hour.parameters, ', ') AS parameters,
       station.code
  FROM current_stations AS station
  LEFT JOIN LATERAL (
        SELECT * FROM wqi WHERE wqi.station = station.code AND "window" = 'hour' ORDER BY window_start DESC LIMIT 1
       ) AS hour ON true
  LEFT JOIN LATERAL (
        SELECT * FROM wqi WHERE wqi.station = station.code AND "window" = 'day' ORDER BY window_start DESC LIMIT 1
       ) AS day ON true
 WHERE station.code IN (${stations:sqlstring})
 ORDER BY hour.value NULLS LAST, station.code
