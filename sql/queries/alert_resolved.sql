WITH changed AS (
    UPDATE alerts SET resolved_at = %(observed_at)s
     WHERE station = %(station)s AND parameter = %(parameter)s AND rule = %(rule)s AND resolved_at IS NULL
    RETURNING id
)
INSERT INTO alert_transitions (alert_id, kind, reason, observed_at, value, severity)
SELECT id, %(kind)s, %(reason)s, %(observed_at)s, %(value)s, %(severity)s FROM changed
ON CONFLICT (alert_id, kind, observed_at) DO NOTHING
RETURNING alert_id, id
