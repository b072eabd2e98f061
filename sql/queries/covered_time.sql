-- How much time of each bucket usable readings cover, in the order given: each to the next one, at most one cadence. The
-- last one before a bucket covers its beginning: a sensor measured hourly at 20 past has no hour that lacks a third. And
-- after how many of them the next one is late by more than half a cadence.
SELECT coalesce(covered.seconds, 0)::float8, covered.gaps
  FROM unnest(%(stations)s::text[], %(parameters)s::text[], %(starts)s::timestamptz[], %(ends)s::timestamptz[],
              %(cadences)s::float8[])
       WITH ORDINALITY AS bucket (station, parameter, starts, ends, cadence_s, position)
 CROSS JOIN LATERAL (
        SELECT sum(greatest(0, extract(epoch FROM
                   least(next_at, bucket.ends, observed_at + make_interval(secs => bucket.cadence_s))
                   - greatest(observed_at, bucket.starts)))) AS seconds,
               count(*) FILTER (WHERE least(next_at, bucket.ends)
                                      > observed_at + make_interval(secs => 1.5 * bucket.cadence_s)) AS gaps
          FROM (SELECT observed_at, lead(observed_at) OVER (ORDER BY observed_at) AS next_at
                  FROM readings
                 WHERE station = bucket.station AND parameter = bucket.parameter
                   AND observed_at >= bucket.starts - make_interval(secs => bucket.cadence_s)
                   AND observed_at < bucket.ends
                   AND flag <= 2 AND status = '00' AND value IS NOT NULL) AS usable
       ) AS covered
 ORDER BY bucket.position
