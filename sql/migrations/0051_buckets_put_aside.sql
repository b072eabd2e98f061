-- An hour or day that cannot be judged is put aside, told, and tried again later; the others are judged meanwhile.

ALTER TABLE reading_hours
    ADD COLUMN failure text,
    ADD COLUMN failures integer NOT NULL DEFAULT 0,
    ADD COLUMN try_after timestamptz;
ALTER TABLE reading_days
    ADD COLUMN failure text,
    ADD COLUMN failures integer NOT NULL DEFAULT 0,
    ADD COLUMN try_after timestamptz;
COMMENT ON COLUMN reading_hours.failure IS 'Why it could not be judged; NULL for one that can.';
COMMENT ON COLUMN reading_days.failure IS 'Why it could not be judged; NULL for one that can.';
CREATE INDEX reading_hours_failure ON reading_hours (hour_start) WHERE failure IS NOT NULL;
CREATE INDEX reading_days_failure ON reading_days (day) WHERE failure IS NOT NULL;
