-- The same that waits for its answer already is asked for once.
WITH waiting AS (
    SELECT id FROM rota_swaps
     WHERE state = 'proposed' AND rota = %(rota)s AND person = %(person)s AND colleague = %(colleague)s
       AND starts_at = %(starts_at)s AND ends_at = %(ends_at)s
       AND back_starts_at IS NOT DISTINCT FROM %(back_starts_at)s::timestamptz
       AND back_ends_at IS NOT DISTINCT FROM %(back_ends_at)s::timestamptz
     ORDER BY id LIMIT 1
), added AS (
    INSERT INTO rota_swaps (rota, person, colleague, starts_at, ends_at, back_starts_at, back_ends_at, proposed_at)
    SELECT %(rota)s, %(person)s, %(colleague)s, %(starts_at)s, %(ends_at)s, %(back_starts_at)s::timestamptz,
           %(back_ends_at)s::timestamptz, %(now)s
     WHERE NOT EXISTS (SELECT FROM waiting)
    RETURNING id
)
SELECT id FROM waiting UNION ALL SELECT id FROM added
