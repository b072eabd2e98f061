SELECT topic, sum(next_offset)::bigint
  FROM kafka_progress
 WHERE topic <> %(topic)s
 GROUP BY topic
 ORDER BY topic
