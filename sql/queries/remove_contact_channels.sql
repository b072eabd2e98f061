UPDATE contact_channels SET removed_at = %(now)s WHERE removed_at IS NULL AND NOT id = ANY(%(ids)s)
