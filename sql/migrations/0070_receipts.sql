-- What a receiver answered when it took a message: a mail server's queue id, an HTTP status.
ALTER TABLE outbox ADD COLUMN receipt text;
COMMENT ON COLUMN outbox.receipt IS 'What the receiver answered when it took the message, without addresses.';

DROP VIEW deliveries;
CREATE VIEW deliveries AS
SELECT id, alert_id, transition_id, message_id, channel, created_at, attempts, next_try_at, sent_at, failed_at,
       regexp_replace(last_error, '[^\s<>"]+@[^\s<>",;:]+', '…', 'g') AS last_error, incident_id, notice,
       receipt
  FROM outbox;

CREATE INDEX outbox_incident_waiting ON outbox (incident_id, id)
    WHERE incident_id IS NOT NULL AND sent_at IS NULL AND failed_at IS NULL;
