SELECT l.login FROM login_links l JOIN accounts a USING (login)
 WHERE l.token_hash = %(token_hash)s AND l.used_at IS NULL AND l.expires_at > %(now)s AND a.active
   AND l.created_at < %(now)s::timestamptz + INTERVAL '1 day'
