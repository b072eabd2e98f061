SELECT a.login, a.name, a.role, a.stations, a.person, a.active, a.password_hash IS NOT NULL, a.totp_secret IS NOT NULL,
       a.oidc_subject IS NOT NULL, a.locked_until, (SELECT max(s.created_at) FROM account_sessions s WHERE s.login = a.login)
  FROM accounts a
 ORDER BY a.active DESC, a.login
