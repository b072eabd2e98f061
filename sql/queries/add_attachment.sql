INSERT INTO incident_attachments (incident_id, at, actor, name, content_type, sha256, content)
VALUES (%(incident_id)s, %(at)s, %(actor)s, %(name)s, %(content_type)s, sha256(%(content)s), %(content)s)
ON CONFLICT (incident_id, sha256) DO NOTHING
RETURNING id
