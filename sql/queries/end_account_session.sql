UPDATE account_sessions SET ended_at = %(now)s WHERE id = %(id)s AND ended_at IS NULL
