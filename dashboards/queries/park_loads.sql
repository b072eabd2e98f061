SELECT load.day::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' AS time,
       short_name(station.name_vi) AS metric,
       load.amount
  FROM current_stations AS station
  JOIN daily_loads(($__timeFrom()::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date,
                   ($__timeTo()::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date,
                   ARRAY(SELECT code FROM current_stations WHERE park = ${park:sqlstring}),
                   ARRAY[${parameter:sqlstring}]) AS load
    ON load.station = station.code
 WHERE station.park = ${park:sqlstring}
   AND load.parameter = ${parameter:sqlstring} AND load.unit = 'kg'
 ORDER BY 1, 2
