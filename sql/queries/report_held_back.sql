SELECT count(*), min(held_at) FROM held_notifications WHERE digested_at IS NULL
