UPDATE hold_windows SET end_told_at = %(now)s WHERE id = %(id)s AND end_told_at IS NULL
