-- range_agg: two codes that PostgreSQL can only hold as the same text are one key.
INSERT INTO receipts_committed AS kept (origin, station, hour_start, numbers)
SELECT origin, station, hour_start, range_agg(numbers::int8multirange)
  FROM unnest(%(origins)s::text[], %(stations)s::text[], %(hours)s::timestamptz[], %(numbers)s::text[])
       AS batch (origin, station, hour_start, numbers)
 GROUP BY origin, station, hour_start
 ORDER BY origin, station, hour_start
ON CONFLICT (origin, station, hour_start) DO UPDATE SET numbers = kept.numbers + excluded.numbers
