SELECT code_digest, code_expires_at, code_tries FROM contact_channels
 WHERE id = %(id)s AND removed_at IS NULL
   FOR UPDATE
