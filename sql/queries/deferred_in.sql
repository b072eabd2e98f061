SELECT partition, first_offset, beyond_offset, station, messages, bytes
  FROM deferred_records
 WHERE read_at IS NULL AND source = %(source)s AND partition = ANY (%(partitions)s::integer[])
