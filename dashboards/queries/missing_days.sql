SELECT day::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' AS time,
       sum(greatest(expected - received, 0)) AS missing
  FROM data_received(($__timeFrom()::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date,
                     ($__timeTo()::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date)
 WHERE station IN (${stations:sqlstring})
 GROUP BY 1
 ORDER BY 1
