SELECT id, person, kind, address, position, delay_s, verified_at, failing_since
  FROM contact_channels
 WHERE removed_at IS NULL
 ORDER BY person, position, id
