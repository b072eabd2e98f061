SELECT load.day::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' AS time,
       short_name(station.name_vi) || CASE load.parameter WHEN 'Flow' THEN ' – xả' ELSE ' – vào' END AS metric,
       load.amount
  FROM current_stations AS station
  JOIN daily_loads(($__timeFrom()::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date,
                   ($__timeTo()::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date,
                   ARRAY(SELECT code FROM current_stations WHERE park = ${park:sqlstring}),
                   ARRAY['Flow', 'Flow_in']) AS load
    ON load.station = station.code
 WHERE station.park = ${park:sqlstring}
   AND load.unit = 'm³'
 ORDER BY 1, 2
