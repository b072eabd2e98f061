-- What shows of the processes: who works, what came through each bridge of the last week, and whether we are the watch.
-- A worker that lies ahead was seen before the database's clock was set back, and hides none that is seen now.
SELECT pg_try_advisory_lock(%(lock)s),
       (SELECT coalesce(max(seen_at) FILTER (WHERE seen_at <= now()), max(seen_at)) FROM running_workers),
       coalesce((SELECT min(cadence_s) FROM sensors), 0)::float8,
       (SELECT coalesce(jsonb_object_agg(name, jsonb_build_array(brought_at, cadence_s)), '{}')
          FROM (SELECT split_part(r.origin, ':', 1) AS name, max(r.carried_at) AS brought_at,
                       coalesce(min(s.cadence_s), 0) AS cadence_s
                  FROM receipts AS r
                  LEFT JOIN (SELECT station, min(cadence_s) AS cadence_s FROM sensors GROUP BY station) AS s USING (station)
                 WHERE NOT r.by_file AND r.hour_start > now() - INTERVAL '7 days'
                 GROUP BY 1) AS bridges)
