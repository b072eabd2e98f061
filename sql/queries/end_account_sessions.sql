UPDATE account_sessions SET ended_at = %(now)s
 WHERE login = %(login)s AND ended_at IS NULL AND id IS DISTINCT FROM %(but)s::bigint
