INSERT INTO rotas (code, position, document, active, changed_at)
VALUES (%(code)s, %(position)s, %(document)s, true, %(now)s)
ON CONFLICT (code) DO UPDATE SET
    position = excluded.position, document = excluded.document, active = true, changed_at = excluded.changed_at
