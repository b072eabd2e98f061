SELECT station, sum(messages)::bigint, sum(bytes)::bigint, min(deferred_at), max(deferred_at)
  FROM deferred_records
 WHERE read_at IS NULL
 GROUP BY station
 ORDER BY station
