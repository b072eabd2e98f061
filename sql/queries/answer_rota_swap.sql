UPDATE rota_swaps SET state = %(state)s, answered_at = %(now)s WHERE id = %(id)s
