INSERT INTO deferred_records (
    source, partition, first_offset, beyond_offset, station, messages, bytes, deferred_at
)
VALUES (
    %(source)s, %(partition)s, %(first)s, %(beyond)s, %(station)s, %(messages)s, %(bytes)s, %(now)s
)
-- The log was cut, and its offsets belong to other records now.
ON CONFLICT (source, partition, first_offset, station) DO UPDATE SET
    beyond_offset = excluded.beyond_offset,
    messages = excluded.messages,
    bytes = excluded.bytes,
    deferred_at = excluded.deferred_at,
    read_at = NULL
