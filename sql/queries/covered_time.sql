-- How much time of each bucket usable readings cover, in the order given: each to the next one, at most one cadence.
SELECT coalesce(covered.seconds, 0)::float8
  FROM unnest(%(stations)s::text[], %(parameters)s::text[], %(starts)s::timestamptz[], %(ends)s::timestamptz[],
              %(cadences)s::float8[])
       WITH ORDINALITY AS bucket (station, parameter, starts, ends, cadence_s, position)
 CROSS JOIN LATERAL (
        SELECT sum(least(extract(epoch FROM coalesce(next_at, bucket.ends) - observed_at), bucket.cadence_s)) AS seconds
          FROM (SELECT observed_at, lead(observed_at) OVER (ORDER BY observed_at) AS next_at
                  FROM readings
                 WHERE station = bucket.station AND parameter = bucket.parameter
                   AND observed_at >= bucket.starts AND observed_at < bucket.ends
                   AND flag <= 2 AND status = '00' AND value IS NOT NULL) AS usable
       ) AS covered
 ORDER BY bucket.position
