-- Our clock was set back: what waits by it for an instant waits for no longer than it was to.
-- A planned channel counts from the page, its delay before, and moves when the page lies ahead; a channel that waits for
-- the end of quiet hours counts from nothing. A lease lasts two minutes: a nearer one is of a notifier whose clock is
-- right, and must not end while it sends. A next try is overdue in any case, and may come early.
WITH waiting AS (
    SELECT id, attempts > 0 AS tried, locked_until > %(now)s::timestamptz + INTERVAL '3 minutes' AS leased_ahead,
           next_try_at - coalesce((SELECT delay_s FROM contact_channels WHERE id = contact_id), 0) * INTERVAL '1 second'
               AS counts_from
      FROM outbox
     WHERE sent_at IS NULL AND failed_at IS NULL AND (next_try_at > %(now)s OR locked_until > %(now)s)
)
UPDATE outbox
   SET next_try_at = CASE WHEN next_try_at > %(now)s
                           AND (tried OR (counts_from >= %(now)s + %(least)s::interval
                                          AND counts_from <= %(now)s + %(by)s::interval + %(least)s::interval))
                          THEN next_try_at - %(by)s::interval ELSE next_try_at END,
       locked_until = CASE WHEN leased_ahead THEN locked_until - %(by)s::interval ELSE locked_until END
  FROM waiting
 WHERE outbox.id = waiting.id
