UPDATE deferred_records SET read_at = %(now)s
 WHERE source = %(source)s AND partition = %(partition)s AND first_offset = %(first)s AND station = %(station)s
