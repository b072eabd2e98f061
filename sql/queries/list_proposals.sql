-- Undecided ones first, then the newest.
SELECT id, kind, document, note, proposed_by, proposed_at, mark, state, decided_by, decided_at
  FROM proposals
 WHERE %(id)s::bigint IS NULL OR id = %(id)s
 ORDER BY state <> 'proposed', id DESC
 LIMIT 50
