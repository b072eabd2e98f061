INSERT INTO kafka_progress AS kept (topic, partition, next_offset)
SELECT %(topic)s, partition, next_offset
  FROM unnest(%(partitions)s::integer[], %(next_offsets)s::bigint[]) AS reached (partition, next_offset)
 ORDER BY partition
ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset
