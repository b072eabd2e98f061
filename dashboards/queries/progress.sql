-- The topic without the ids of cluster and topic behind it.
SELECT split_part(progress.topic, '@', 1) AS topic,
       progress.partition,
       progress.next_offset,
       progress.next_offset - progress.shared_offset AS unshared,
       (SELECT count(*) FROM raw_log_breaks AS break
         WHERE break.topic = progress.topic AND break.partition = progress.partition) AS breaks
  FROM kafka_progress AS progress
 ORDER BY progress.topic, progress.partition
