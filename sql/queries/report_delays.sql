SELECT bucket, sum(readings)::bigint FROM delays WHERE minute >= %(since)s GROUP BY bucket ORDER BY bucket
