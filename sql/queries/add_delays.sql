INSERT INTO delays AS kept (minute, bucket, readings)
SELECT %(minute)s, bucket, readings
  FROM unnest(%(buckets)s::smallint[], %(counts)s::bigint[]) AS counted (bucket, readings)
 ORDER BY bucket
ON CONFLICT (minute, bucket) DO UPDATE SET readings = kept.readings + excluded.readings
