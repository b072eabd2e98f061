SELECT DISTINCT ON (incident_id, channel, recipient) incident_id, channel, recipient, person, contact_id
  FROM outbox
 WHERE incident_id = ANY(%(ids)s) AND notice = 'page' AND withdrawn_at IS NULL
   AND (next_try_at IS NULL OR next_try_at <= %(now)s OR attempts > 0)
 ORDER BY incident_id, channel, recipient, id
