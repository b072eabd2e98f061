-- The database alone says how far the workers are: what was shared after it was committed, and where the raw log broke.

ALTER TABLE kafka_progress ADD COLUMN shared_offset bigint NOT NULL DEFAULT 0 CHECK (shared_offset >= 0);
UPDATE kafka_progress SET shared_offset = next_offset;
COMMENT ON COLUMN kafka_progress.topic IS 'The raw topic as topic@cluster id/topic id: offsets mean something within one topic only.';
COMMENT ON COLUMN kafka_progress.shared_offset IS 'Everything before it was sent on to Kafka for others; what lies between it and next_offset is sent again after a restart.';

CREATE TABLE raw_log_breaks (
    id            bigint            GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic         text COLLATE "C"  NOT NULL,
    partition     integer           NOT NULL,
    kind          text              NOT NULL,
    first_offset  bigint            NOT NULL,
    beyond_offset bigint            NOT NULL,
    noticed_at    timestamptz       NOT NULL,
    told          text              NOT NULL
);
COMMENT ON TABLE raw_log_breaks IS 'Where records of the raw topic are gone, were written anew, or were passed over by an operator. Empty in a healthy installation.';

CREATE TABLE installation (
    singleton            boolean      PRIMARY KEY DEFAULT true CHECK (singleton),
    id                   uuid         NOT NULL DEFAULT gen_random_uuid(),
    retrospective_before timestamptz
);
COMMENT ON TABLE installation IS 'One row. The id is part of every Message-ID, so that a database made anew never repeats one of the lost database.';
COMMENT ON COLUMN installation.retrospective_before IS 'What was received before it pages nobody: the instant at which a rebuild began.';
INSERT INTO installation DEFAULT VALUES;
