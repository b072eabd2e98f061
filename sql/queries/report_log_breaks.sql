SELECT topic, partition, kind, first_offset, beyond_offset, noticed_at, told
  FROM raw_log_breaks
 ORDER BY id DESC
 LIMIT %(limit)s
