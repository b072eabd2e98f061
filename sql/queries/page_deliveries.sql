-- What was sent of an incident and how far it is; to whom, in words of the history, not by address.
SELECT o.created_at, o.channel, coalesce(o.person, ''), o.notice, o.sent_at, o.failed_at, o.withdrawn_at, o.attempts
  FROM outbox o
 WHERE o.incident_id = %(id)s
 ORDER BY o.id
