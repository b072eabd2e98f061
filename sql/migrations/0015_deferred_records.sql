-- A station that floods is read after the others: its records stay in Kafka, and here stands which ones wait.

CREATE TABLE deferred_records (
    source        text COLLATE "C"  NOT NULL,
    partition     integer           NOT NULL,
    first_offset  bigint            NOT NULL,
    beyond_offset bigint            NOT NULL,
    station       text COLLATE "C"  NOT NULL,
    messages      integer           NOT NULL CHECK (messages > 0),
    bytes         bigint            NOT NULL,
    deferred_at   timestamptz       NOT NULL,
    read_at       timestamptz,
    PRIMARY KEY (source, partition, first_offset, station),
    CHECK (beyond_offset > first_offset)
);
COMMENT ON TABLE deferred_records IS 'Records of a station beyond its quota, which are read after the others: those of the station at first_offset <= offset < beyond_offset. read_at: NULL while they wait.';
CREATE INDEX deferred_records_station ON deferred_records (station) WHERE read_at IS NULL;
