-- Faults of the system itself that its operators were told of, so that a restart repeats nothing and the end is told.
CREATE TABLE system_faults (
    name  text         PRIMARY KEY,
    since timestamptz  NOT NULL
);
COMMENT ON TABLE system_faults IS 'What operators were told of and is not known to be over.';
