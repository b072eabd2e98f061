SELECT id, alert_id, incident_id, transition_id, message_id, channel, person, notice, subject, text, created_at, attempts,
       next_try_at, sent_at, failed_at, withdrawn_at, fallen_back_at, last_error, receipt
  FROM outbox
 WHERE incident_id = %(id)s OR alert_id IN (SELECT alert_id FROM incident_alerts WHERE incident_id = %(id)s)
 ORDER BY id
