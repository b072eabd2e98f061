-- A message waits while an earlier one of the same alert, or of the same incident, to the same recipient is due and
-- neither sent nor given up: an end never arrives before its beginning. It goes on from the first that the recipient has
-- got about the same incident or alert.
UPDATE outbox SET locked_until = %(until)s
 WHERE id IN (
        SELECT id FROM outbox AS due
         WHERE sent_at IS NULL AND failed_at IS NULL AND digest_id IS NULL
           AND (next_try_at IS NULL OR next_try_at <= %(now)s)
           AND (locked_until IS NULL OR locked_until <= %(now)s)
           AND (channel = ANY(%(channels)s)) = %(only)s
           AND NOT EXISTS (
                   SELECT FROM outbox AS earlier
                    WHERE earlier.alert_id = due.alert_id AND earlier.channel = due.channel
                      AND earlier.recipient = due.recipient AND earlier.id < due.id
                      AND earlier.sent_at IS NULL AND earlier.failed_at IS NULL
               )
           AND NOT EXISTS (
                   SELECT FROM outbox AS earlier
                    WHERE earlier.incident_id = due.incident_id AND earlier.channel = due.channel
                      AND earlier.recipient = due.recipient AND earlier.id < due.id
                      AND earlier.sent_at IS NULL AND earlier.failed_at IS NULL
                      AND (earlier.attempts > 0 OR earlier.next_try_at IS NULL OR earlier.next_try_at <= %(now)s)
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
              AND first.sent_at IS NOT NULL AND first.digest_id IS NULL
            ORDER BY first.id
            LIMIT 1)
