-- For the desk, which may see whom a message went to; of one alert with the messages of its incident.
SELECT o.id, o.alert_id, o.incident_id, o.channel, o.recipient, o.person, coalesce(o.notice, t.kind, 'report'),
       o.subject, o.created_at, o.attempts, o.sent_at, o.failed_at, o.withdrawn_at, o.last_error
  FROM outbox AS o
  LEFT JOIN alert_transitions AS t ON t.id = o.transition_id
 WHERE %(alert)s::bigint IS NULL OR o.alert_id = %(alert)s
    OR o.incident_id IN (SELECT incident_id FROM incident_alerts WHERE alert_id = %(alert)s)
 ORDER BY o.id DESC
 LIMIT %(limit)s
