SELECT audit_append(%(action)s, %(subject)s, %(detail)s)
