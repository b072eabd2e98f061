SELECT topic, partition, next_offset, shared_offset FROM kafka_progress ORDER BY topic, partition
