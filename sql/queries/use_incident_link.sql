UPDATE incident_links SET used_at = %(now)s WHERE digest = %(digest)s AND used_at IS NULL RETURNING person
