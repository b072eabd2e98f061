-- What waited for an officer at an instant, and what was decided until then; what was replaced or taken back is left out.
SELECT parameter, "window", window_start, standing_mean, standing_verdict, mean, verdict, revised_readings, cause,
       CASE WHEN decided_at <= %(as_of)s THEN state ELSE 'waiting' END,
       CASE WHEN decided_at <= %(as_of)s THEN decided_at END,
       CASE WHEN decided_at <= %(as_of)s THEN decided_by END,
       CASE WHEN decided_at <= %(as_of)s THEN decision_reason END
  FROM pending_judgements
 WHERE station = %(station)s AND window_start >= %(since)s AND window_start < %(until)s
   AND found_at <= %(as_of)s
   AND NOT (state = 'superseded' AND decided_at <= %(as_of)s)
 ORDER BY window_start, parameter, "window", id
