SELECT station, parameter, day
  FROM reading_days
 WHERE stale
 ORDER BY day, station, parameter
 LIMIT %(limit)s
   FOR UPDATE SKIP LOCKED
