-- When the oldest notification that is neither delivered nor given up was due; NULL: none waits.
SELECT min(coalesce(next_try_at, created_at)) FROM outbox WHERE sent_at IS NULL AND failed_at IS NULL
