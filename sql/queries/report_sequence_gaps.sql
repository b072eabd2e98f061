-- A session starts with message 0: what is not in [0, last] is missing, or still on its way.
SELECT station, session, lower(gap), upper(gap), last_received_at
  FROM feeds,
       unnest(int8multirange(int8range(0, greatest(upper(seen), 0))) - seen) AS gap
 ORDER BY last_received_at DESC, station, session, gap
 LIMIT %(limit)s
