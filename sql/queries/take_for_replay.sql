-- Whoever else is sending one again just now has it; its transaction marks it.
SELECT id FROM dead_letters WHERE id = ANY (%(ids)s::bigint[]) AND replayed_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED
