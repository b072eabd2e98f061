ALTER TABLE dead_letters ADD COLUMN file_name text COLLATE "C" NOT NULL DEFAULT '';
COMMENT ON COLUMN dead_letters.file_name IS 'Path in the drop folder, as it may be shown; empty for what came by MQTT.';
