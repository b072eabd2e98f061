-- Written with every batch: compressed by the default method (pglz) a state costs the server nearly three times as much.
DO $$
BEGIN
    ALTER TABLE station_states ALTER COLUMN snapshot SET COMPRESSION lz4;
EXCEPTION
    WHEN feature_not_supported THEN
        RAISE NOTICE 'this PostgreSQL was built without lz4: states stay compressed by pglz';
END
$$;
