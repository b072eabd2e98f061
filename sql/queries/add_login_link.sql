INSERT INTO login_links (token_hash, login, created_at, expires_at)
SELECT %(token_hash)s, login, %(now)s, %(expires_at)s FROM accounts WHERE login = %(login)s AND active
RETURNING login
