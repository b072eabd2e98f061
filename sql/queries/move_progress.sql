UPDATE kafka_progress
   SET next_offset = %(next_offset)s, last_record = NULL, shared_offset = least(shared_offset, %(next_offset)s)
 WHERE topic = %(topic)s AND partition = %(partition)s
