-- The bounds leave the planner the chunks of these instants alone.
SELECT r.station, r.parameter, r.observed_at, r.received_at, r.value, r.status, r.flag, r.reasons, r.score,
       r.score_reason, r.late, r.raw_partition, r.raw_offset
  FROM unnest(%(stations)s::text[], %(parameters)s::text[], %(instants)s::timestamptz[])
       AS key (station, parameter, observed_at)
  JOIN readings r USING (station, parameter, observed_at)
 WHERE r.observed_at BETWEEN %(oldest)s::timestamptz AND %(newest)s::timestamptz
