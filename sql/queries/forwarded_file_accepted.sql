UPDATE forwarded_files
   SET accepted_at = %(now)s, proof = %(proof)s, tries = tries + 1, content = NULL, next_try_at = NULL, last_error = NULL
 WHERE id = %(id)s AND accepted_at IS NULL
