-- With it those in whose place it stands: their readers have been told.
UPDATE outbox
   SET sent_at = %(now)s, attempts = attempts + 1, locked_until = NULL, last_error = NULL, failed_at = NULL,
       receipt = CASE WHEN id = %(id)s THEN %(receipt)s ELSE left('in message ' || %(id)s || ': ' || %(receipt)s, 500) END
 WHERE (id = %(id)s OR digest_id = %(id)s) AND sent_at IS NULL
