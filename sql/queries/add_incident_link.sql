INSERT INTO incident_links (digest, incident_id, person, created_at, expires_at)
VALUES (%(digest)s, %(incident_id)s, %(person)s, %(created_at)s, %(expires_at)s)
