INSERT INTO rota_overrides (rota, starts_at, ends_at, remove_person, add_person, by, created_at)
VALUES (%(rota)s, %(starts_at)s, %(ends_at)s, %(remove)s, %(add)s, %(by)s, %(now)s)
RETURNING id
