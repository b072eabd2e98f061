-- A session starts with message 0: what is not in [0, last] is missing, or still on its way. A hole of more than ten
-- million is a leap of the numbering and no missing messages.
SELECT station, session, lower(gap), upper(gap), last_received_at
  FROM feeds,
       unnest(int8multirange(int8range(0, greatest(upper(seen), 0))) - seen) AS gap
 WHERE upper(gap) - lower(gap) <= 10000000
 ORDER BY last_received_at DESC, station, session, gap
 LIMIT %(limit)s
