SELECT recorded_at, cause FROM alert_causes WHERE alert_id = %(id)s ORDER BY id
