SELECT min(refused_at) FROM outbox WHERE channel = %(channel)s AND sent_at IS NULL AND failed_at IS NULL
