UPDATE outbox SET locked_until = %(until)s
 WHERE id IN (
        SELECT id FROM outbox
         WHERE sent_at IS NULL AND failed_at IS NULL
           AND (next_try_at IS NULL OR next_try_at <= %(now)s)
           AND (locked_until IS NULL OR locked_until <= %(now)s)
         ORDER BY id
         LIMIT %(limit)s
           FOR UPDATE SKIP LOCKED
       )
RETURNING id, message_id, channel, recipient, subject, text, html, attempts, created_at
