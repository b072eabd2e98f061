SELECT observed_at, created_at, kind, severity, reason, value FROM alert_transitions WHERE alert_id = %(id)s ORDER BY id
