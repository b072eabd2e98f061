SELECT noticed_at, kind, topic, partition, beyond_offset - first_offset AS records, told
  FROM raw_log_breaks
 ORDER BY id DESC
 LIMIT 50
