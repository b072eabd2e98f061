UPDATE forwarded_files
   SET tries = tries + 1,
       last_error = %(error)s,
       next_try_at = %(next_try_at)s,
       given_up_at = CASE WHEN %(next_try_at)s::timestamptz IS NULL THEN %(now)s::timestamptz END
 WHERE id = %(id)s AND accepted_at IS NULL
