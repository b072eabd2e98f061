ALTER TABLE outbox ADD COLUMN refused_at timestamptz;
COMMENT ON COLUMN outbox.refused_at IS
    'Since when its receiver, though it is there, has refused it for now; empty once it takes anything, or is away.';
