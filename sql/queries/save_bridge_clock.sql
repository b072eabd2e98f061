INSERT INTO bridge_clocks AS kept (bridge, off_s, since, seen_at)
VALUES (%(bridge)s, %(off_s)s, %(since)s, %(seen_at)s)
ON CONFLICT (bridge) DO UPDATE
   SET off_s = excluded.off_s,
       since = CASE WHEN excluded.since - kept.seen_at > INTERVAL '15 minutes' THEN excluded.since ELSE kept.since END,
       seen_at = greatest(kept.seen_at, excluded.seen_at)
