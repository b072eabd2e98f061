SELECT login FROM accounts WHERE oidc_subject = %(subject)s
