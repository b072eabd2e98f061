UPDATE rota_overrides SET withdrawn_at = %(now)s WHERE id = %(id)s AND withdrawn_at IS NULL RETURNING id
