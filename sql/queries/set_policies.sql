-- Only where timescaledb.license is 'timescale'. Loggers backfill up to 60 days, and unique keys are weak and writes
-- slow in a compressed chunk: a week's margin beyond that. Readings are kept for ten years.
DO $$
BEGIN
    ALTER TABLE readings SET (
        timescaledb.compress,
        timescaledb.compress_segmentby = 'station, parameter',
        timescaledb.compress_orderby = 'observed_at'
    );
    PERFORM add_compression_policy('readings', compress_after => INTERVAL '67 days', if_not_exists => true);
    PERFORM add_retention_policy('readings', drop_after => INTERVAL '10 years', if_not_exists => true);
END
$$
