SELECT station, parameter,
       hour_start,
       hour_start + INTERVAL '1 hour',
       usable_sum, usable_count, total_count, late_count, minimum, maximum, rejudged
  FROM reading_hours
 WHERE dirty AND NOT stale
   AND (try_after IS NULL OR try_after <= %(now)s)
   AND hour_start <= %(closed_at)s::timestamptz - INTERVAL '1 hour'
 ORDER BY hour_start, station, parameter
 LIMIT %(limit)s
   FOR UPDATE SKIP LOCKED
