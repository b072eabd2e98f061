-- Only where timescaledb.license is 'timescale'. Loggers backfill up to 60 days, and unique keys are weak and writes
-- slow in a compressed chunk: a week's margin beyond that. A policy that an administrator has set is left as it is. No
-- retention policy: readings are evidence, and how long they are kept is the administrator's decision.
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
END
$$
