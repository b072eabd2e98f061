SELECT login, name, role, stations, person, active, password_hash, totp_secret, totp_step, failures, locked_until
  FROM accounts
 WHERE login = %(login)s
   FOR UPDATE
