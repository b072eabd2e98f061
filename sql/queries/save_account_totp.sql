UPDATE accounts SET totp_secret = %(secret)s, totp_step = %(step)s, changed_at = clock_timestamp()
 WHERE login = %(login)s
RETURNING login
