UPDATE accounts
   SET failures = %(failures)s, locked_until = %(locked_until)s, totp_step = coalesce(%(totp_step)s, totp_step)
 WHERE login = %(login)s
