SELECT station, parameter, day
  FROM reading_days
 WHERE stale AND (try_after IS NULL OR try_after <= %(now)s)
 ORDER BY day, station, parameter
 LIMIT %(limit)s
   FOR UPDATE SKIP LOCKED
