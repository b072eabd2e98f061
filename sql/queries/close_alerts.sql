-- Alerts of single readings; those of hours, days and silence are not decided by a station's state.
UPDATE alerts
   SET resolved_at = greatest(opened_at, %(now)s)
 WHERE station = ANY (%(stations)s::text[]) AND resolved_at IS NULL
   AND rule = ANY (%(rules)s)
