-- Only rows that change: those of partitions that are another worker's now are locked by its batches.
UPDATE kafka_progress
   SET shared_offset = least(kafka_progress.next_offset, greatest(kafka_progress.shared_offset, reached.shared_offset))
  FROM unnest(%(partitions)s::integer[], %(shared_offsets)s::bigint[]) AS reached (partition, shared_offset)
 WHERE topic = %(topic)s AND kafka_progress.partition = reached.partition
   AND kafka_progress.shared_offset
       <> least(kafka_progress.next_offset, greatest(kafka_progress.shared_offset, reached.shared_offset))
