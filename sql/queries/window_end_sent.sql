UPDATE hold_windows SET end_sent_at = %(now)s WHERE id = %(id)s AND end_sent_at IS NULL
