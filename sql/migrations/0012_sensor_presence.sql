-- When each sensor was heard and what was wrong with what it sent, and since when our own path has heard everything.

CREATE TABLE sensor_presence (
    station            text COLLATE "C"  NOT NULL,
    parameter          text COLLATE "C"  NOT NULL,
    received_at        timestamptz,
    observed_at        timestamptz,
    usable_at          timestamptz,
    usable_observed_at timestamptz,
    usable_run         integer           NOT NULL DEFAULT 0,
    steady_at          timestamptz,
    returned_at        timestamptz,
    defect             text,
    defect_at          timestamptz,
    detail             text              NOT NULL DEFAULT '',
    interval_s         double precision,
    interval_run       integer           NOT NULL DEFAULT 0,
    PRIMARY KEY (station, parameter)
) WITH (fillfactor = 50);
COMMENT ON COLUMN sensor_presence.usable_at IS 'Receipt of its last usable reading in time.';
COMMENT ON COLUMN sensor_presence.steady_at IS 'Receipt of the last usable reading of a run: until then the sensor was in order.';
COMMENT ON COLUMN sensor_presence.returned_at IS 'When the station was heard again after a silence that had found the sensor in order.';
COMMENT ON COLUMN sensor_presence.defect IS 'Of its last line that could not be used: late, ahead, refused, unknown_status, suspect, ...';
COMMENT ON COLUMN sensor_presence.interval_s IS 'Between the stamps of its readings; interval_run of them in a row were like this.';

CREATE TABLE listening (
    id    smallint     PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    since timestamptz,
    until timestamptz
) WITH (fillfactor = 50);
COMMENT ON TABLE listening IS 'One row: the time in which our own path heard everything. Silence counts only within it.';
INSERT INTO listening DEFAULT VALUES;
