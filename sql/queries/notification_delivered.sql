UPDATE outbox SET sent_at = %(now)s, attempts = attempts + 1, locked_until = NULL, last_error = NULL, failed_at = NULL,
       receipt = %(receipt)s
 WHERE id = %(id)s AND sent_at IS NULL
