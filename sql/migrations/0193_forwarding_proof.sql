ALTER TABLE forwarded_files
    ADD COLUMN proof text CHECK (proof IN ('content', 'size', 'reply'));
COMMENT ON COLUMN forwarded_files.proof IS 'How the arrival of an accepted file was confirmed: its content read back, the size that the server told, or the server''s reply alone.';
