SELECT DISTINCT ON (incident_id, channel, recipient) incident_id, channel, recipient, person, contact_id
  FROM outbox
 WHERE incident_id = ANY(%(ids)s) AND telling = 'page' AND withdrawn_at IS NULL
 ORDER BY incident_id, channel, recipient, id
