UPDATE login_links SET used_at = %(now)s
 WHERE token_hash = %(token_hash)s AND used_at IS NULL AND expires_at > %(now)s
   AND created_at < %(now)s::timestamptz + INTERVAL '1 day'  -- made by a clock that was ahead: not for ever
   AND login IN (SELECT login FROM accounts WHERE active)
RETURNING login
