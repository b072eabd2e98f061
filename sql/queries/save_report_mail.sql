INSERT INTO report_mails (kind, first_day, address, done_at)
VALUES (%(kind)s, %(first_day)s, %(address)s, %(done_at)s)
ON CONFLICT (kind, first_day, address) DO NOTHING
