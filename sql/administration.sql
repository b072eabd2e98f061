-- What only the database server's administrator can do: run it as a superuser in quantrac's database, with psql, before
-- `quantrac db migrate` of a version that asks for a role. It may be run again at any time. Roles are made without a
-- password, and let nobody in before they have one: \password quantrac_notifier

DO $$
DECLARE
    role text;
    routine regprocedure;
BEGIN
    FOREACH role IN ARRAY ARRAY['quantrac_owner', 'quantrac_writer', 'quantrac_notifier', 'quantrac_desk',
                                'quantrac_trainer', 'quantrac_intake', 'quantrac_reader', 'quantrac_web'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', role);
        END IF;
        EXECUTE format('ALTER ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', role);
    END LOOP;

    -- PostgreSQL lets everybody make large objects and hold advisory locks, which would stop a migration.
    FOR routine IN
        SELECT oid FROM pg_proc
         WHERE pronamespace = 'pg_catalog'::regnamespace
           AND (proname ~ '^lo_' OR proname IN ('loread', 'lowrite') OR proname ~ '^pg_(try_)?advisory_')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', routine);
        IF routine::text LIKE 'pg_%' THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO quantrac_owner, quantrac_writer, quantrac_notifier', routine);
        END IF;
    END LOOP;

    -- TimescaleDB's Community edition lets everybody run own code by the clock, also after the password was changed.
    FOR routine IN
        SELECT oid FROM pg_proc
         WHERE proname IN ('add_job', 'alter_job', 'delete_job', 'run_job')
           AND EXISTS (SELECT FROM pg_depend JOIN pg_extension ON pg_extension.oid = refobjid
                        WHERE pg_depend.objid = pg_proc.oid AND deptype = 'e' AND extname = 'timescaledb')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', routine);
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO quantrac_owner', routine);
    END LOOP;
END
$$;

-- A dashboard's query that runs away ends by itself. The last two cannot be raised by the role itself.
ALTER ROLE quantrac_reader SET statement_timeout = '30s';
ALTER ROLE quantrac_reader SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE quantrac_reader SET temp_file_limit = '1GB';
ALTER ROLE quantrac_reader CONNECTION LIMIT 60;
ALTER ROLE quantrac_intake SET statement_timeout = '30s';
ALTER ROLE quantrac_intake SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE quantrac_desk SET statement_timeout = '30s';
ALTER ROLE quantrac_desk SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE quantrac_web SET statement_timeout = '20s';
ALTER ROLE quantrac_web SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE quantrac_web SET temp_file_limit = '1GB';
ALTER ROLE quantrac_web CONNECTION LIMIT 40;
