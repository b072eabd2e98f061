-- How a station's logger writes, where that differs from the circular: separator, decimal comma, zeros, mapping.
ALTER TABLE stations ADD COLUMN logger jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN readings.status IS 'What the logger says of its instrument: 00 measuring, 01 calibrating, 02 fault, 03 maintenance, ?? unknown.';
