INSERT INTO forwarded_files (
    target, station, file_name, size, sha256, content, received_at, raw_topic, raw_partition, raw_offset
)
VALUES (
    %(target)s, %(station)s, %(file_name)s, %(size)s, %(sha256)s, %(content)s, %(received_at)s, %(raw_topic)s,
    %(partition)s, %(record_offset)s
)
ON CONFLICT (target, raw_topic, raw_partition, raw_offset) DO NOTHING
