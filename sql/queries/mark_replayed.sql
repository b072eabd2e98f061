UPDATE dead_letters SET replayed_at = %(now)s WHERE id = ANY (%(ids)s::bigint[]) AND replayed_at IS NULL
