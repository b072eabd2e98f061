INSERT INTO rota_swaps (rota, person, colleague, starts_at, ends_at, back_starts_at, back_ends_at, proposed_at)
VALUES (%(rota)s, %(person)s, %(colleague)s, %(starts_at)s, %(ends_at)s, %(back_starts_at)s, %(back_ends_at)s, %(now)s)
RETURNING id
