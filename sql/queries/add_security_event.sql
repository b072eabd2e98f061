INSERT INTO security_events (kind, login, address, detail) VALUES (%(kind)s, %(login)s, %(address)s, %(detail)s)
