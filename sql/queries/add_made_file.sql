-- A message that the transport delivered again makes the same file again: it is forwarded once.
INSERT INTO forwarded_files (
    target, station, file_name, size, sha256, content, received_at, raw_topic, raw_partition, raw_offset
)
SELECT %(target)s, %(station)s, %(file_name)s, %(size)s, %(sha256)s, %(content)s, %(received_at)s, %(raw_topic)s,
       %(partition)s, %(record_offset)s
 WHERE NOT EXISTS (
           SELECT FROM forwarded_files
            WHERE target = %(target)s AND station = %(station)s AND file_name = %(file_name)s AND sha256 = %(sha256)s
       )
ON CONFLICT (target, raw_topic, raw_partition, raw_offset) DO NOTHING
