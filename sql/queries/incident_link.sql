SELECT digest, incident_id, person, created_at, expires_at, used_at FROM incident_links WHERE digest = %(digest)s
