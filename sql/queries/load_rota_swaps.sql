SELECT id, rota, person, colleague, starts_at, ends_at, back_starts_at, back_ends_at, state
  FROM rota_swaps
 WHERE greatest(ends_at, back_ends_at) > %(after)s
 ORDER BY id
