-- The newest decisions first, of what waits the oldest.
SELECT id, station, parameter, "window", window_start, cause, revised_readings, standing_mean, standing_verdict, mean,
       verdict, limit_maximum, found_at, state, decided_at, decided_by, decision_reason
  FROM pending_judgements
 WHERE (%(station)s::text IS NULL OR station = %(station)s)
   AND (%(parameter)s::text IS NULL OR parameter = %(parameter)s)
   AND (%(every)s OR state = 'waiting')
 ORDER BY decided_at DESC NULLS FIRST, station, parameter, window_start, "window", id
 LIMIT %(limit)s
