-- Stations, limits and rules: versioned descriptions that are imported from files, and the state of the import.

CREATE EXTENSION IF NOT EXISTS timescaledb;

CREATE TABLE registry_state (
    id          smallint    PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    version     bigint      NOT NULL DEFAULT 0,
    imported_at timestamptz,
    sha256      text
);
COMMENT ON TABLE registry_state IS 'One row; version grows whenever the content of the station registry changes.';
INSERT INTO registry_state DEFAULT VALUES;

CREATE TABLE stations (
    code                   text COLLATE "C"   NOT NULL CHECK (code <> ''),
    effective_from         date               NOT NULL,
    name_vi                text               NOT NULL,
    name_en                text               NOT NULL,
    kind                   text               NOT NULL,
    park                   text,
    operator               text               NOT NULL,
    longitude              double precision   NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    latitude               double precision   NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    old_codes              text[]             NOT NULL DEFAULT '{}',
    permit_flow_m3_per_day double precision,
    limit_set              text,
    kq                     double precision   NOT NULL DEFAULT 1,
    kf                     double precision   NOT NULL DEFAULT 1,
    permit_limits          jsonb              NOT NULL DEFAULT '[]',
    contacts               text[]             NOT NULL DEFAULT '{}',
    illustration           boolean            NOT NULL DEFAULT false,
    PRIMARY KEY (code, effective_from)
);
COMMENT ON TABLE stations IS 'One row per version of a station, in force from a calendar day in Vietnam.';

CREATE TABLE sensors (
    station        text COLLATE "C"  NOT NULL,
    effective_from date              NOT NULL,
    position       smallint          NOT NULL,
    parameter      text COLLATE "C"  NOT NULL CHECK (parameter <> ''),
    unit           text              NOT NULL,
    cadence_s      double precision  NOT NULL CHECK (cadence_s > 0),
    aliases        text[]            NOT NULL DEFAULT '{}',
    convert_rate   double precision  NOT NULL DEFAULT 1,
    qc             jsonb             NOT NULL DEFAULT '{}',
    PRIMARY KEY (station, effective_from, parameter),
    FOREIGN KEY (station, effective_from) REFERENCES stations (code, effective_from) ON DELETE CASCADE
);
COMMENT ON COLUMN sensors.position IS 'Order of the parameter in the station''s file, so that a registry reads back as it was written.';

-- The contacts are people's addresses and stay out of what dashboards may read.
CREATE VIEW current_stations AS
SELECT DISTINCT ON (code)
       code, effective_from, name_vi, name_en, kind, park, operator, longitude, latitude, old_codes,
       permit_flow_m3_per_day, limit_set, kq, kf, permit_limits, illustration
  FROM stations
 WHERE effective_from <= (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
 ORDER BY code, effective_from DESC;

CREATE VIEW current_sensors AS
SELECT sensors.*
  FROM sensors
  JOIN current_stations ON current_stations.code = sensors.station
   AND current_stations.effective_from = sensors.effective_from;

CREATE TABLE limit_sets (
    code           text COLLATE "C"  NOT NULL CHECK (code <> ''),
    effective_from date              NOT NULL,
    effective_to   date,
    title_vi       text              NOT NULL,
    title_en       text              NOT NULL,
    source         text              NOT NULL,
    PRIMARY KEY (code, effective_from),
    CHECK (effective_to > effective_from)
);
COMMENT ON COLUMN limit_sets.effective_to IS 'First day on which the set is no longer in force; NULL: still in force.';

CREATE TABLE limit_values (
    limit_set          text COLLATE "C"  NOT NULL,
    effective_from     date              NOT NULL,
    position           smallint          NOT NULL,
    parameter          text COLLATE "C"  NOT NULL CHECK (parameter <> ''),
    unit               text              NOT NULL,
    minimum            double precision,
    maximum            double precision,
    coefficients_apply boolean           NOT NULL DEFAULT true,
    PRIMARY KEY (limit_set, effective_from, parameter),
    FOREIGN KEY (limit_set, effective_from) REFERENCES limit_sets (code, effective_from) ON DELETE CASCADE
);

CREATE TABLE alert_rules (
    code           text COLLATE "C"  NOT NULL CHECK (code <> ''),
    effective_from date              NOT NULL,
    document       jsonb             NOT NULL,
    PRIMARY KEY (code, effective_from)
);
