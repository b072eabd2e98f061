-- sum: two codes that PostgreSQL can only hold as the same text are one station.
INSERT INTO ledger AS kept (station, day, received, stored, duplicate, revision, dead_letter, redelivered)
SELECT station, %(day)s, sum(received), sum(stored), sum(duplicate), sum(revision), sum(dead_letter), sum(redelivered)
  FROM unnest(
           %(stations)s::text[], %(received)s::bigint[], %(stored)s::bigint[], %(duplicate)s::bigint[],
           %(revision)s::bigint[], %(dead_letter)s::bigint[], %(redelivered)s::bigint[]
       ) AS batch (station, received, stored, duplicate, revision, dead_letter, redelivered)
 GROUP BY station
 ORDER BY station
ON CONFLICT (station, day) DO UPDATE SET
    received = kept.received + excluded.received,
    stored = kept.stored + excluded.stored,
    duplicate = kept.duplicate + excluded.duplicate,
    revision = kept.revision + excluded.revision,
    dead_letter = kept.dead_letter + excluded.dead_letter,
    redelivered = kept.redelivered + excluded.redelivered
