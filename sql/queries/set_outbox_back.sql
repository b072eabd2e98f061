-- Our clock was set back: what waits for an instant of it waits for no longer than it was to.
UPDATE outbox
   SET next_try_at = CASE WHEN next_try_at > %(now)s THEN next_try_at - %(by)s::interval ELSE next_try_at END,
       locked_until = CASE WHEN locked_until > %(now)s THEN locked_until - %(by)s::interval ELSE locked_until END
 WHERE sent_at IS NULL AND failed_at IS NULL AND (next_try_at > %(now)s OR locked_until > %(now)s)
