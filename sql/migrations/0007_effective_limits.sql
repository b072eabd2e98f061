-- What limits each sensor on which days, computed once (in Python) at every import of stations or limit sets.

CREATE TABLE effective_limits (
    station        text COLLATE "C"  NOT NULL,
    parameter      text COLLATE "C"  NOT NULL,
    effective_from date              NOT NULL,
    effective_to   date,
    unit           text              NOT NULL,
    minimum        double precision,
    maximum        double precision,
    day_only       boolean           NOT NULL,
    source         text              NOT NULL,
    PRIMARY KEY (station, parameter, effective_from),
    CHECK (effective_to > effective_from)
);
COMMENT ON TABLE effective_limits IS 'Coefficients, permit and the sensor''s unit applied; days of Vietnam. 0001-01-01: since ever.';
COMMENT ON COLUMN effective_limits.effective_to IS 'First day on which it is no longer in force; NULL: no end is known.';
COMMENT ON COLUMN effective_limits.day_only IS 'Judges the mean of a day and no reading or hour: the permitted flow.';
