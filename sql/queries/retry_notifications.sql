UPDATE outbox SET next_try_at = %(now)s
 WHERE channel = %(channel)s AND attempts > 0 AND sent_at IS NULL AND failed_at IS NULL AND next_try_at > %(now)s
