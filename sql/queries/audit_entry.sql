SELECT id, entry, hash FROM audit WHERE id = %(id)s
