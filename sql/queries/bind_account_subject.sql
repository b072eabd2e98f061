-- Once: another subject does not take over an account.
UPDATE accounts SET oidc_subject = %(subject)s, changed_at = clock_timestamp()
 WHERE login = %(login)s AND active AND oidc_subject IS NULL
RETURNING login
