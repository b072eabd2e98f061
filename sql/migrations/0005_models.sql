-- What the anomaly model makes of an alert, its memory, which artefact scores each station, and shadow runs.

ALTER TABLE alerts ADD COLUMN triage text, ADD COLUMN triage_probability real;
COMMENT ON COLUMN alerts.triage IS 'What the model takes an anomaly for: process, fault, maintenance, ...; NULL: it cannot tell.';

CREATE TABLE model_states (
    station  text COLLATE "C"  PRIMARY KEY,
    snapshot bytea             NOT NULL,
    saved_at timestamptz       NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE model_states IS 'The large part of a model''s memory, written every few dozen rows; station_states holds the rows since.';
-- Compressing the numbers of a model costs more than it saves.
ALTER TABLE model_states ALTER COLUMN snapshot SET STORAGE EXTERNAL;

CREATE TABLE station_models (
    station       text COLLATE "C"  PRIMARY KEY,
    model_version text              NOT NULL,
    artefact      text,
    shadow        text,
    problem       text,
    changed_at    timestamptz       NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE station_models IS 'What scores each station; problem says why an artefact or a model is not used.';
COMMENT ON COLUMN station_models.artefact IS 'SHA-256 of the artefact; NULL: nothing learnt elsewhere, novelty alone judges.';

CREATE TABLE shadow_counts (
    station       text COLLATE "C"  NOT NULL,
    active        text              NOT NULL,
    shadow        text              NOT NULL,
    since         timestamptz       NOT NULL,
    until         timestamptz       NOT NULL,
    rows          bigint            NOT NULL,
    alarms_active bigint            NOT NULL,
    alarms_shadow bigint            NOT NULL,
    pages_active  bigint            NOT NULL,
    pages_shadow  bigint            NOT NULL,
    rows_both     bigint            NOT NULL,
    rows_active   bigint            NOT NULL,
    rows_shadow   bigint            NOT NULL,
    PRIMARY KEY (station, active, shadow)
) WITH (fillfactor = 50);
COMMENT ON TABLE shadow_counts IS 'A candidate beside the active artefact: alarms and pages of each, and alarmed rows of both or of one only. active is empty where nothing was learnt elsewhere.';
