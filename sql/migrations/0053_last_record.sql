-- A log that was cut and has grown beyond the progress again is known by the last record that was committed of it.

ALTER TABLE kafka_progress ADD COLUMN last_record bytea;
COMMENT ON COLUMN kafka_progress.last_record IS 'Digest of the record before next_offset; NULL: not known, or of an older version.';
