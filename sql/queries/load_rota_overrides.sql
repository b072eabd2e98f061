SELECT rota, starts_at, ends_at, remove_person, add_person, id
  FROM rota_overrides
 WHERE withdrawn_at IS NULL AND ends_at > %(after)s
 ORDER BY id
