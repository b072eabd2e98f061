-- The reading of a sensor at an instant, else the last before it.
SELECT r.parameter, r.observed_at, r.received_at, r.value, r.status, r.flag, r.late, r.score, r.reasons, e.minimum,
       e.maximum, e.source
  FROM readings r
  LEFT JOIN effective_limits e
         ON e.station = r.station AND e.parameter = r.parameter AND NOT e.day_only
        AND e.effective_from <= (r.observed_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
        AND (e.effective_to IS NULL OR e.effective_to > (r.observed_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date)
 WHERE r.station = %(station)s AND r.parameter = %(parameter)s AND r.observed_at <= %(at)s
   AND r.observed_at > %(at)s - INTERVAL '1 day'
 ORDER BY r.observed_at DESC
 LIMIT 1
