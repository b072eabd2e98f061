SELECT day::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' AS time,
       short_name(station.name_vi) AS metric,
       sum(came.received) / nullif(sum(came.expected), 0) AS received
  FROM data_received(($__timeFrom()::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date,
                     ($__timeTo()::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date) AS came
  JOIN current_stations AS station ON station.code = came.station
 WHERE came.station IN (${stations:sqlstring})
 GROUP BY 1, station.code, station.name_vi
 ORDER BY 1, 2
