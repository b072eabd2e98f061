INSERT INTO deferred_records (
    source, partition, first_offset, beyond_offset, station, messages, bytes, deferred_at
)
VALUES (
    %(source)s, %(partition)s, %(first)s, %(beyond)s, %(station)s, %(messages)s, %(bytes)s, %(now)s
)
ON CONFLICT (source, partition, first_offset, station) DO NOTHING
