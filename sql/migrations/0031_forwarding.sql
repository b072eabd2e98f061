CREATE TABLE forwarded_files (
    id            bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target        text COLLATE "C" NOT NULL,
    station       text COLLATE "C" NOT NULL,
    file_name     text         NOT NULL,
    size          bigint       NOT NULL,
    sha256        text         NOT NULL,
    content       bytea,
    received_at   timestamptz  NOT NULL,
    raw_topic     text COLLATE "C" NOT NULL,
    raw_partition integer      NOT NULL,
    raw_offset    bigint       NOT NULL,
    tries         integer      NOT NULL DEFAULT 0,
    next_try_at   timestamptz,
    last_error    text,
    accepted_at   timestamptz,
    given_up_at   timestamptz,
    UNIQUE (target, raw_topic, raw_partition, raw_offset),
    CHECK (accepted_at IS NULL OR given_up_at IS NULL)
);
COMMENT ON TABLE forwarded_files IS 'Station files for another authority: each with its digest, how often it was tried, and when it was accepted.';
COMMENT ON COLUMN forwarded_files.content IS 'The original bytes until the target has accepted them; Kafka keeps them for ever.';
CREATE INDEX forwarded_files_waiting ON forwarded_files (target, station, id)
    WHERE accepted_at IS NULL AND given_up_at IS NULL;
