SELECT TRUE
  FROM deferred_records
 WHERE read_at IS NULL AND source = %(source)s AND partition = %(partition)s AND first_offset = %(first)s
   AND station = %(station)s AND beyond_offset = %(beyond)s AND messages = %(messages)s
   FOR UPDATE SKIP LOCKED
