SELECT day::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' AS time,
       parameter AS metric,
       received / nullif(expected, 0) AS received
  FROM data_received(($__timeFrom()::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date,
                     ($__timeTo()::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date)
 WHERE station = ${station:sqlstring}
 ORDER BY 1, 2
