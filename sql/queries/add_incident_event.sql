INSERT INTO incident_events (incident_id, at, actor, what, reason, detail)
VALUES (%(incident_id)s, %(at)s, %(actor)s, %(what)s, %(reason)s, %(detail)s)
