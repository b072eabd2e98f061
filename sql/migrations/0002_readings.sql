-- Readings, their revisions, and the sums that are kept exact in the transaction that stores them.

-- Columns of fixed size stand first: less padding in the widest table.
CREATE TABLE readings (
    observed_at   timestamptz       NOT NULL,
    received_at   timestamptz       NOT NULL,
    value         double precision,
    raw_offset    bigint            NOT NULL,
    raw_partition integer           NOT NULL,
    score         real,
    flag          smallint          NOT NULL,
    late          boolean           NOT NULL DEFAULT false,
    station       text COLLATE "C"  NOT NULL,
    parameter     text COLLATE "C"  NOT NULL,
    status        text COLLATE "C"  NOT NULL,
    reasons       text[],
    score_reason  text,
    PRIMARY KEY (station, parameter, observed_at)
);
COMMENT ON COLUMN readings.status IS 'What the logger says of its instrument: 00 measuring, 01 calibrating, 02 fault, ?? unknown.';
COMMENT ON COLUMN readings.flag IS 'QARTOD primary flag: 1 good, 2 not evaluated, 3 suspect, 4 bad, 9 missing.';
COMMENT ON COLUMN readings.late IS 'True when it came in the retrospective lane, which never pages anybody.';
-- The primary key serves every query by station; an index by time alone would cost a tenth of the insert rate.
SELECT create_hypertable('readings', by_range('observed_at', INTERVAL '7 days'), create_default_indexes => false);

CREATE TABLE reading_revisions (
    id                    bigint            GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    station               text COLLATE "C"  NOT NULL,
    parameter             text COLLATE "C"  NOT NULL,
    observed_at           timestamptz       NOT NULL,
    received_at           timestamptz       NOT NULL,
    value                 double precision,
    status                text COLLATE "C"  NOT NULL,
    flag                  smallint          NOT NULL,
    raw_partition         integer           NOT NULL,
    raw_offset            bigint            NOT NULL,
    replaced_at           timestamptz       NOT NULL,
    replaced_by_partition integer           NOT NULL,
    replaced_by_offset    bigint            NOT NULL
);
COMMENT ON TABLE reading_revisions IS 'What a reading was before its station sent another number for the same instant.';
CREATE INDEX reading_revisions_key ON reading_revisions (station, parameter, observed_at);

-- usable_sum is numeric, not double: a sum of doubles depends on the order of arrival in its last digits.
CREATE TABLE reading_hours (
    station      text COLLATE "C"  NOT NULL,
    parameter    text COLLATE "C"  NOT NULL,
    hour_start   timestamptz       NOT NULL,
    usable_sum   numeric           NOT NULL,
    usable_count integer           NOT NULL,
    total_count  integer           NOT NULL,
    late_count   integer           NOT NULL,
    minimum      double precision,
    maximum      double precision,
    dirty        boolean           NOT NULL DEFAULT true,
    stale        boolean           NOT NULL DEFAULT false,
    PRIMARY KEY (station, parameter, hour_start),
    CHECK (usable_count BETWEEN 0 AND total_count)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON COLUMN reading_hours.dirty IS 'Changed since it was last judged.';
COMMENT ON COLUMN reading_hours.stale IS 'A reading of it was revised: the sums have to be computed again from the readings.';
CREATE INDEX reading_hours_dirty ON reading_hours (hour_start) WHERE dirty;
CREATE INDEX reading_hours_stale ON reading_hours (hour_start) WHERE stale;

CREATE TABLE reading_days (
    station      text COLLATE "C"  NOT NULL,
    parameter    text COLLATE "C"  NOT NULL,
    day          date              NOT NULL,
    usable_sum   numeric           NOT NULL,
    usable_count integer           NOT NULL,
    total_count  integer           NOT NULL,
    late_count   integer           NOT NULL,
    minimum      double precision,
    maximum      double precision,
    dirty        boolean           NOT NULL DEFAULT true,
    stale        boolean           NOT NULL DEFAULT false,
    PRIMARY KEY (station, parameter, day),
    CHECK (usable_count BETWEEN 0 AND total_count)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON COLUMN reading_days.day IS 'Calendar day 00:00-24:00 in Vietnam.';
CREATE INDEX reading_days_dirty ON reading_days (day) WHERE dirty;
CREATE INDEX reading_days_stale ON reading_days (day) WHERE stale;

CREATE TABLE latest_readings (
    station      text COLLATE "C"  NOT NULL,
    parameter    text COLLATE "C"  NOT NULL,
    observed_at  timestamptz       NOT NULL,
    received_at  timestamptz       NOT NULL,
    value        double precision,
    score        real,
    flag         smallint          NOT NULL,
    status       text COLLATE "C"  NOT NULL,
    reasons      text[],
    score_reason text,
    PRIMARY KEY (station, parameter)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE latest_readings IS 'The reading of every sensor with the largest observed_at, whenever it arrived.';

CREATE TABLE judgements (
    station           text COLLATE "C"  NOT NULL,
    parameter         text COLLATE "C"  NOT NULL,
    "window"          text              NOT NULL CHECK ("window" IN ('hour', 'day')),
    window_start      timestamptz       NOT NULL,
    mean              double precision,
    verdict           text              NOT NULL,
    limit_minimum     double precision,
    limit_maximum     double precision,
    limit_source      text,
    ratio             double precision,
    exceedance_class  smallint,
    usable_count      integer           NOT NULL,
    expected          integer           NOT NULL,
    retrospective     boolean           NOT NULL,
    judged_at         timestamptz       NOT NULL,
    PRIMARY KEY (station, parameter, "window", window_start)
);
CREATE INDEX judgements_exceeded ON judgements (window_start) WHERE verdict = 'exceeded';
