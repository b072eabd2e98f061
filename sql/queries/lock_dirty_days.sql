SELECT station, parameter,
       day::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh',
       (day + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh',
       usable_sum, usable_count, total_count, late_count, minimum, maximum, rejudged
  FROM reading_days
 WHERE dirty AND NOT stale
   AND (try_after IS NULL OR try_after <= %(now)s)
   AND day < (%(closed_at)s::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
 ORDER BY day, station, parameter
 LIMIT %(limit)s
   FOR UPDATE SKIP LOCKED
