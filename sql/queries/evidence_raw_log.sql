SELECT DISTINCT topic FROM kafka_progress ORDER BY topic
