UPDATE contact_channels SET code_digest = %(digest)s, code_expires_at = %(expires_at)s, code_tries = 0
 WHERE id = %(id)s AND removed_at IS NULL
