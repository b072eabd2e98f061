INSERT INTO dead_letters (
    station, stage, reason, detail, parameter, payload, content_type, mqtt_topic, received_at,
    raw_partition, raw_offset, position
)
VALUES (
    %(station)s, %(stage)s, %(reason)s, %(detail)s, %(parameter)s, %(payload)s, %(content_type)s, %(mqtt_topic)s,
    %(received_at)s, %(partition)s, %(offset)s, %(position)s
)
ON CONFLICT (raw_partition, raw_offset, position) DO NOTHING
