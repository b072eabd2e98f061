-- Once at an issuer: another subject there does not take over an account.
UPDATE accounts SET oidc_subject = %(subject)s, oidc_issuer = %(issuer)s, changed_at = clock_timestamp()
 WHERE login = %(login)s AND active AND (oidc_subject IS NULL OR oidc_issuer <> %(issuer)s)
RETURNING login
