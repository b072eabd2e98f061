-- What was bound before issuers were kept is of the issuer that is asked first.
WITH kept AS (
    UPDATE accounts AS a SET oidc_issuer = %(issuer)s
     WHERE a.oidc_subject IS NOT NULL AND a.oidc_issuer IS NULL
       AND NOT EXISTS (SELECT FROM accounts AS b
                        WHERE b.oidc_issuer = %(issuer)s AND b.oidc_subject = a.oidc_subject)
    RETURNING login, oidc_subject
)
SELECT login FROM accounts WHERE oidc_issuer = %(issuer)s AND oidc_subject = %(subject)s
 UNION ALL
SELECT login FROM kept WHERE oidc_subject = %(subject)s
 LIMIT 1
