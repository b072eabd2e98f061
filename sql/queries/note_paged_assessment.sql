INSERT INTO paged_assessments (alert_id, paged_at, triage, triage_probability)
VALUES (%(alert)s, %(now)s, %(triage)s, %(triage_probability)s)
ON CONFLICT (alert_id) DO NOTHING
