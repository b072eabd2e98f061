ALTER TABLE listening ADD COLUMN clock_defect text;
ALTER TABLE listening ADD COLUMN clock_since timestamptz;
ALTER TABLE listening ADD CONSTRAINT listening_clock_check CHECK ((clock_defect IS NULL) = (clock_since IS NULL));
COMMENT ON COLUMN listening.clock_defect IS 'What nearly all stations send is ahead of our clock, or late, alike: our own clock is wrong. NULL: it is not.';
