SELECT id, alert_id, transition_id, message_id, channel, created_at, attempts, next_try_at, sent_at, failed_at,
       last_error, incident_id, notice, receipt
  FROM deliveries
 ORDER BY id DESC
 LIMIT %(limit)s
