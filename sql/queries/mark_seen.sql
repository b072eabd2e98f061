INSERT INTO feeds AS kept (station, session, seen, last_received_at)
SELECT station, session, seen::int8multirange, %(now)s
  FROM unnest(%(stations)s::text[], %(sessions)s::text[], %(seen)s::text[]) AS arrived (station, session, seen)
 ORDER BY station, session
ON CONFLICT (station, session) DO UPDATE SET
    seen = kept.seen + excluded.seen,
    last_received_at = greatest(kept.last_received_at, excluded.last_received_at)
