UPDATE accounts
   SET password_hash = %(password_hash)s, failures = 0, locked_until = NULL, changed_at = clock_timestamp()
 WHERE login = %(login)s
RETURNING login
