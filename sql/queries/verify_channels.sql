UPDATE contact_channels SET verified_at = coalesce(verified_at, %(now)s) WHERE person = %(person)s AND removed_at IS NULL
