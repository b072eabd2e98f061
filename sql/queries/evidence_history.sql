SELECT id, at, actor, what, reason, detail FROM incident_events WHERE incident_id = %(id)s ORDER BY id
