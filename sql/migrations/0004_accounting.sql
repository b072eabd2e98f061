-- Where every received reading went, how far the workers are, and what each station's feed looks like.

CREATE TABLE dead_letters (
    id            bigint            GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    station       text COLLATE "C"  NOT NULL,
    stage         text              NOT NULL,
    reason        text              NOT NULL,
    detail        text              NOT NULL,
    parameter     text,
    payload       bytea             NOT NULL,
    content_type  text              NOT NULL,
    mqtt_topic    text              NOT NULL,
    received_at   timestamptz       NOT NULL,
    raw_partition integer           NOT NULL,
    raw_offset    bigint            NOT NULL,
    position      integer           NOT NULL,
    replayed_at   timestamptz,
    UNIQUE (raw_partition, raw_offset, position)
);
COMMENT ON COLUMN dead_letters.station IS 'Station of the MQTT topic; empty when the topic names none.';
CREATE INDEX dead_letters_received ON dead_letters (received_at);

CREATE TABLE feeds (
    station          text COLLATE "C"  NOT NULL,
    session          text COLLATE "C"  NOT NULL,
    seen             int8multirange    NOT NULL,
    last_received_at timestamptz       NOT NULL,
    PRIMARY KEY (station, session)
) WITH (fillfactor = 50);
COMMENT ON COLUMN feeds.seen IS 'Sequence numbers that arrived in a logger''s session; a gap in it is a missing message.';

CREATE TABLE ledger (
    station     text COLLATE "C"  NOT NULL,
    day         date              NOT NULL,
    received    bigint            NOT NULL,
    stored      bigint            NOT NULL,
    duplicate   bigint            NOT NULL,
    revision    bigint            NOT NULL,
    dead_letter bigint            NOT NULL,
    redelivered bigint            NOT NULL,
    PRIMARY KEY (station, day),
    CONSTRAINT ledger_balances CHECK (received = stored + duplicate + revision + dead_letter)
) WITH (fillfactor = 50);

CREATE TABLE kafka_progress (
    topic       text COLLATE "C"  NOT NULL,
    partition   integer           NOT NULL,
    next_offset bigint            NOT NULL DEFAULT 0 CHECK (next_offset >= 0),
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE kafka_progress IS 'Everything before next_offset is committed here; a worker that is handed it again passes over it.';

CREATE TABLE station_states (
    station    text COLLATE "C"  PRIMARY KEY,
    snapshot   bytea             NOT NULL,
    updated_at timestamptz       NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE station_states IS 'State of quality control, alert engine and model of a station, to go on with after a restart.';

CREATE TABLE station_presence (
    station          text COLLATE "C"  PRIMARY KEY,
    online           boolean,
    changed_at       timestamptz,
    last_received_at timestamptz,
    last_observed_at timestamptz
) WITH (fillfactor = 50);
COMMENT ON COLUMN station_presence.online IS 'What the retained MQTT birth or will message says; NULL: none was seen.';

CREATE TABLE delays (
    minute   timestamptz  NOT NULL,
    bucket   smallint     NOT NULL,
    readings bigint       NOT NULL,
    PRIMARY KEY (minute, bucket)
);
COMMENT ON TABLE delays IS 'Readings by delay from sent_at to committed: bucket i is [0.001*1.1^i, 0.001*1.1^(i+1)) seconds.';
