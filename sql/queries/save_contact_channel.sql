-- One that was removed comes back unverified.
INSERT INTO contact_channels (person, kind, address, position, delay_s)
VALUES (%(person)s, %(kind)s, %(address)s, %(position)s, %(delay_s)s)
ON CONFLICT (person, kind, address) DO UPDATE SET
    position = excluded.position,
    delay_s = excluded.delay_s,
    verified_at = CASE WHEN contact_channels.removed_at IS NULL THEN contact_channels.verified_at END,
    removed_at = NULL
RETURNING id
