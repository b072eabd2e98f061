SELECT raw_partition, raw_offset
  FROM dead_letters
  JOIN unnest(%(partitions)s::integer[], %(offsets)s::bigint[]) AS record (partition, "offset")
    ON raw_partition = record.partition AND raw_offset = record."offset"
 WHERE source = %(source)s
