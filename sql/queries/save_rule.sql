INSERT INTO alert_rules AS kept (code, effective_from, document)
VALUES (%(code)s, %(effective_from)s, %(document)s)
ON CONFLICT (code, effective_from) DO UPDATE SET document = excluded.document
