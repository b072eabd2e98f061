SELECT station, parameter, hour_start
  FROM reading_hours
 WHERE stale AND (try_after IS NULL OR try_after <= %(now)s)
 ORDER BY hour_start, station, parameter
 LIMIT %(limit)s
   FOR UPDATE SKIP LOCKED
