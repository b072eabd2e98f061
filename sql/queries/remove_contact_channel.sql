UPDATE contact_channels SET removed_at = %(now)s
 WHERE id = %(id)s AND person = %(person)s AND removed_at IS NULL
RETURNING id
