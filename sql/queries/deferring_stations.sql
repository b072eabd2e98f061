SELECT station, sum(messages)::bigint, sum(bytes)::bigint, min(deferred_at), max(deferred_at)
  FROM deferred_records
 GROUP BY station
 ORDER BY station
