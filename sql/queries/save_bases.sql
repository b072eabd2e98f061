INSERT INTO model_states AS kept (station, snapshot, saved_at)
SELECT station, snapshot, %(now)s
  FROM unnest(%(stations)s::text[], %(snapshots)b::bytea[]) AS state (station, snapshot)
 ORDER BY station
ON CONFLICT (station) DO UPDATE SET snapshot = excluded.snapshot, saved_at = excluded.saved_at
