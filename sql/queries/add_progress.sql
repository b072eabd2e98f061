INSERT INTO kafka_progress (topic, partition)
SELECT %(topic)s, partition FROM unnest(%(partitions)s::integer[]) AS partition ORDER BY partition
ON CONFLICT (topic, partition) DO NOTHING
