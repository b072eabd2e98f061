ALTER TABLE outbox ADD COLUMN digest_id bigint REFERENCES outbox (id);
COMMENT ON COLUMN outbox.digest_id IS 'The message in whose place this one does not go out: its incident was over before anybody could be told.';
CREATE INDEX outbox_digest ON outbox (digest_id) WHERE digest_id IS NOT NULL;
