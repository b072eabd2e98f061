INSERT INTO dead_letters (
    station, stage, reason, detail, parameter, refusals, payload, content_type, mqtt_topic, received_at,
    source, raw_partition, raw_offset, file_name
)
VALUES (
    %(station)s, %(stage)s, %(reason)s, %(detail)s, %(parameter)s, %(refusals)s, %(payload)s, %(content_type)s,
    %(mqtt_topic)s, %(received_at)s, %(source)s, %(partition)s, %(offset)s,
    %(file_name)s
)
ON CONFLICT (source, raw_partition, raw_offset, sha256(payload)) WHERE source <> '' DO NOTHING
