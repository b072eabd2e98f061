INSERT INTO stored_hours AS kept (station, hour_start, stored)
SELECT station, hour_start, stored
  FROM unnest(%(stations)s::text[], %(hours)s::timestamptz[], %(stored)s::bigint[]) AS batch (station, hour_start, stored)
 ORDER BY station, hour_start
ON CONFLICT (station, hour_start) DO UPDATE SET stored = kept.stored + excluded.stored
