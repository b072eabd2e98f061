UPDATE contact_channels SET removed_at = %(now)s WHERE person = %(code)s AND removed_at IS NULL
