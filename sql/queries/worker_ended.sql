UPDATE running_workers SET seen_at = now() - INTERVAL '1 hour' WHERE id = %(id)s
