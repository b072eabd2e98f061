-- Also those that the notifier could not deliver so far. One that it is delivering just now goes out.
UPDATE outbox
   SET withdrawn_at = %(now)s, failed_at = %(now)s, last_error = 'withdrawn: ' || %(why)s
 WHERE incident_id = ANY(%(ids)s) AND notice = 'page' AND sent_at IS NULL AND failed_at IS NULL
   AND (NOT %(only_later)s OR (attempts = 0 AND next_try_at > %(now)s))
