SELECT noticed_at, kind, split_part(topic, '@', 1) AS topic, partition, beyond_offset - first_offset AS records, told
  FROM raw_log_breaks
 ORDER BY id DESC
 LIMIT 50
