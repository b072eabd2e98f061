-- One that is given up takes those along in whose place it stands.
UPDATE outbox
   SET attempts = attempts + 1,
       locked_until = NULL,
       last_error = %(error)s,
       next_try_at = %(next_try_at)s,
       refused_at = CASE WHEN %(refused)s THEN coalesce(refused_at, %(now)s) END,
       failed_at = CASE WHEN %(next_try_at)s::timestamptz IS NULL THEN %(now)s::timestamptz END
 WHERE (id = %(id)s OR (digest_id = %(id)s AND %(next_try_at)s::timestamptz IS NULL)) AND sent_at IS NULL
