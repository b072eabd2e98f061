UPDATE contact_channels SET position = %(position)s, delay_s = %(delay_s)s
 WHERE id = %(id)s AND person = %(person)s AND removed_at IS NULL
