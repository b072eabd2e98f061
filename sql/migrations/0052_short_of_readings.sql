-- A sensor of which every second line can be used is not in order: what it owes is remembered.

ALTER TABLE sensor_presence ADD COLUMN short_s double precision NOT NULL DEFAULT 0;
COMMENT ON COLUMN sensor_presence.short_s IS 'Time (s) that usable readings had to cover (three quarters of the past), less what they did cover.';
