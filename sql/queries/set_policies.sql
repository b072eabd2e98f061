-- Only where timescaledb.license is 'timescale'. Loggers backfill up to 60 days, and unique keys are weak and writes
-- slow in a compressed chunk: a week's margin beyond that. Readings are kept for ten years. A policy that an
-- administrator has set to other times is left as it is.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM timescaledb_information.jobs
                    WHERE proc_name = 'policy_compression' AND hypertable_name = 'readings') THEN
        ALTER TABLE readings SET (
            timescaledb.compress,
            timescaledb.compress_segmentby = 'station, parameter',
            timescaledb.compress_orderby = 'observed_at'
        );
        PERFORM add_compression_policy('readings', compress_after => INTERVAL '67 days');
    END IF;
    IF NOT EXISTS (SELECT FROM timescaledb_information.jobs
                    WHERE proc_name = 'policy_retention' AND hypertable_name = 'readings') THEN
        PERFORM add_retention_policy('readings', drop_after => INTERVAL '10 years');
    END IF;
END
$$
