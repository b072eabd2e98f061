SELECT partition, next_offset FROM kafka_progress WHERE topic = %(topic)s
