-- A message waits while an earlier one of the same alert to the same recipient is neither sent nor given up. It goes on
-- from the first that the recipient has got about the same incident or alert.
UPDATE outbox SET locked_until = %(until)s
 WHERE id IN (
        SELECT id FROM outbox AS due
         WHERE sent_at IS NULL AND failed_at IS NULL
           AND (next_try_at IS NULL OR next_try_at <= %(now)s)
           AND (locked_until IS NULL OR locked_until <= %(now)s)
           AND NOT EXISTS (
                   SELECT FROM outbox AS earlier
                    WHERE earlier.alert_id = due.alert_id AND earlier.channel = due.channel
                      AND earlier.recipient = due.recipient AND earlier.id < due.id
                      AND earlier.sent_at IS NULL AND earlier.failed_at IS NULL
               )
         ORDER BY id
         LIMIT %(limit)s
           FOR UPDATE SKIP LOCKED
       )
RETURNING id, message_id, channel, recipient, subject, text, html, attempts, created_at,
          (SELECT first.message_id
             FROM outbox AS first
            WHERE (first.incident_id = outbox.incident_id OR first.alert_id = outbox.alert_id)
              AND first.channel = outbox.channel AND first.recipient = outbox.recipient AND first.id < outbox.id
              AND first.sent_at IS NOT NULL
            ORDER BY first.id
            LIMIT 1)
