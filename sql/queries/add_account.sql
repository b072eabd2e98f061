INSERT INTO accounts (login, name, role, stations, person, password_hash)
VALUES (%(login)s, %(name)s, %(role)s, %(stations)s, %(person)s, %(password_hash)s)
ON CONFLICT (login) DO NOTHING
RETURNING login
