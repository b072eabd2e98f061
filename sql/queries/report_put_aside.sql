SELECT station, parameter, 'hour', hour_start, failure, failures, try_after
  FROM reading_hours
 WHERE failure IS NOT NULL
 UNION ALL
SELECT station, parameter, 'day', day::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh', failure, failures, try_after
  FROM reading_days
 WHERE failure IS NOT NULL
 ORDER BY 4, 1, 2
 LIMIT %(limit)s
