INSERT INTO outages (kind, park, since, detail) VALUES (%(kind)s, %(park)s, %(since)s, %(detail)s) RETURNING id
