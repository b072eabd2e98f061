-- Of all stations: a message is to an officer, not of a station.
SELECT date_trunc('week', day)::date::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' AS time,
       coalesce(nullif(person, ''), 'địa chỉ chung') AS metric,
       sum(messages)::float8 AS pages
  FROM officer_pages
 WHERE notice IN ('page', 'alert')
   AND day BETWEEN ($__timeFrom()::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
               AND ($__timeTo()::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
 GROUP BY 1, 2
 ORDER BY 1, 2
