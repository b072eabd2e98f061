INSERT INTO kafka_progress AS kept (topic, partition, next_offset, last_record)
SELECT %(topic)s, partition, next_offset, last_record
  FROM unnest(%(partitions)s::integer[], %(next_offsets)s::bigint[], %(last_records)s::bytea[])
       AS reached (partition, next_offset, last_record)
 ORDER BY partition
ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset, last_record = excluded.last_record
