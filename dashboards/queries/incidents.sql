SELECT id, state, severity, places, parameters, opened_at, paged_at, holder, coalesce(cause, '') AS cause, follows,
       extract(epoch FROM taken_at - paged_at)::float8 / 60 AS taken_after_min,
       ended_at, topic
  FROM incident_handling
 WHERE stations && ARRAY[${stations:sqlstring}]::text[]
   AND severity IN (${severity:sqlstring})
   AND (state IN ('open', 'acknowledged', 'snoozed') OR $__timeFilter(opened_at))
 ORDER BY array_position(ARRAY['open', 'acknowledged', 'snoozed', 'resolved', 'closed'], state), id DESC
 LIMIT 200
