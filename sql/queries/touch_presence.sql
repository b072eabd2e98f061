INSERT INTO station_presence AS kept (station, last_received_at, last_observed_at)
SELECT station, received_at, observed_at
  FROM unnest(%(stations)s::text[], %(received)s::timestamptz[], %(observed)s::timestamptz[])
       AS heard (station, received_at, observed_at)
 ORDER BY station
ON CONFLICT (station) DO UPDATE SET
    last_received_at = greatest(kept.last_received_at, excluded.last_received_at),
    last_observed_at = greatest(kept.last_observed_at, excluded.last_observed_at)
