SELECT partition, next_offset, shared_offset, replayed_before
  FROM kafka_progress
 WHERE topic = %(topic)s AND partition = ANY (%(partitions)s::integer[])
 ORDER BY partition
   FOR UPDATE
