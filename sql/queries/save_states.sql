INSERT INTO station_states AS kept (station, snapshot, updated_at)
SELECT station, snapshot, %(now)s
  FROM unnest(%(stations)s::text[], %(snapshots)b::bytea[]) AS state (station, snapshot)
 ORDER BY station
ON CONFLICT (station) DO UPDATE SET snapshot = excluded.snapshot, updated_at = excluded.updated_at
