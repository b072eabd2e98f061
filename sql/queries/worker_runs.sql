INSERT INTO running_workers (id, version, reads) VALUES (%(id)s, %(version)s, %(reads)s)
ON CONFLICT (id) DO UPDATE SET seen_at = now()
