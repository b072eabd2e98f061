INSERT INTO ledger AS kept (station, day, received, stored, duplicate, revision, dead_letter, redelivered)
VALUES (
    %(station)s, %(day)s, %(received)s, %(stored)s, %(duplicate)s, %(revision)s, %(dead_letter)s, %(redelivered)s
)
ON CONFLICT (station, day) DO UPDATE SET
    received = kept.received + excluded.received,
    stored = kept.stored + excluded.stored,
    duplicate = kept.duplicate + excluded.duplicate,
    revision = kept.revision + excluded.revision,
    dead_letter = kept.dead_letter + excluded.dead_letter,
    redelivered = kept.redelivered + excluded.redelivered
