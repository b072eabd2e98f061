SELECT id, entry, hash FROM audit ORDER BY id
