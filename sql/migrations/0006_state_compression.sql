-- Written with every batch: compressed by the default method (pglz) a state costs the server nearly three times as much.
ALTER TABLE station_states ALTER COLUMN snapshot SET COMPRESSION lz4;
