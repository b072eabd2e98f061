SELECT station, parameter, hour_start
  FROM reading_hours
 WHERE stale
 ORDER BY hour_start, station, parameter
 LIMIT %(limit)s
   FOR UPDATE SKIP LOCKED
