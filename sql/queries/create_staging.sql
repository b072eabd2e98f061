-- Once per connection. Emptied by every COMMIT and ROLLBACK; position is the row's place in the batch.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_readings (
    position      integer           NOT NULL,
    observed_at   timestamptz       NOT NULL,
    received_at   timestamptz       NOT NULL,
    value         double precision,
    raw_offset    bigint            NOT NULL,
    raw_partition integer           NOT NULL,
    score         real,
    flag          smallint          NOT NULL,
    late          boolean           NOT NULL,
    station       text COLLATE "C"  NOT NULL,
    parameter     text COLLATE "C"  NOT NULL,
    status        text COLLATE "C"  NOT NULL,
    reasons       text[],
    score_reason  text
) ON COMMIT DELETE ROWS
