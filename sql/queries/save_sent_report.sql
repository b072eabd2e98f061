INSERT INTO sent_reports (kind, first_day, as_of, sent_at)
VALUES (%(kind)s, %(first_day)s, %(as_of)s, %(sent_at)s)
ON CONFLICT (kind, first_day) DO NOTHING
