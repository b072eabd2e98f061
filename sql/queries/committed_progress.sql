SELECT partition, next_offset, last_record
  FROM kafka_progress
 WHERE topic = %(topic)s AND partition = ANY (%(partitions)s::integer[])
