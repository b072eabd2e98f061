SELECT version, started_at, reads FROM running_workers WHERE seen_at > now() - INTERVAL '2 minutes' ORDER BY started_at
