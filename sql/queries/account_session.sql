SELECT s.id, a.login, a.name, a.role, a.stations, a.person, a.active, s.stage, s.way, s.created_at, s.seen_at,
       s.expires_at, a.totp_secret IS NOT NULL
  FROM account_sessions s
  JOIN accounts a USING (login)
 -- One of later than now was made, or used last, before our clock was set back: that it is idle cannot be seen.
 WHERE s.token_hash = %(token_hash)s AND s.ended_at IS NULL AND s.expires_at > %(now)s AND s.seen_at > %(idle_since)s
   AND greatest(s.created_at, s.seen_at) - %(now)s < %(now)s - %(idle_since)s::timestamptz
   AND a.active
