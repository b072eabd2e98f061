UPDATE outbox SET refused_at = NULL WHERE channel = %(channel)s AND refused_at IS NOT NULL
