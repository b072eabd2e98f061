-- One that was bound before issuers were kept is of the issuer that is asked first.
UPDATE accounts SET oidc_issuer = %(issuer)s
 WHERE login = (SELECT login FROM accounts
                 WHERE oidc_subject = %(subject)s AND coalesce(oidc_issuer, %(issuer)s) = %(issuer)s
                 ORDER BY oidc_issuer NULLS LAST LIMIT 1)
RETURNING login
