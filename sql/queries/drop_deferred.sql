DELETE FROM deferred_records
 WHERE source = %(source)s AND partition = %(partition)s AND first_offset = %(first)s AND station = %(station)s
