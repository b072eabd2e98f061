ALTER TABLE sensor_presence ADD COLUMN declared_s double precision NOT NULL DEFAULT 0;
COMMENT ON COLUMN sensor_presence.declared_s IS 'For how long (s) the instrument was calibrated by its own word (status 01) without registered maintenance, less what is usual: a sum that leaks.';
