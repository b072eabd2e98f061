-- Run after every migration as the owner. Says the whole of what each role may do, so that it can be run again.
DO $$
DECLARE
    relation record;
BEGIN
    FOR relation IN
        SELECT relname AS name,
               relname IN ('station_states', 'model_states', 'stations', 'outbox') AS personal
          FROM pg_class
         WHERE relnamespace = 'public'::regnamespace
           AND relkind IN ('r', 'p', 'v')
           AND pg_get_userbyid(relowner) = current_user
    LOOP
        EXECUTE format('REVOKE ALL ON %I FROM quantrac_writer, quantrac_reader, PUBLIC', relation.name);
        EXECUTE format('GRANT SELECT ON %I TO quantrac_writer', relation.name);
        IF NOT relation.personal THEN
            EXECUTE format('GRANT SELECT ON %I TO quantrac_reader', relation.name);
        END IF;
    END LOOP;

    GRANT INSERT, UPDATE ON
        readings, reading_hours, reading_days, latest_readings, judgements, alerts, alert_transitions, outbox,
        dead_letters, feeds, ledger, kafka_progress, station_states, station_presence, delays,
        model_states, station_models, shadow_counts, wqi, sent_reports
        TO quantrac_writer;
    GRANT INSERT ON reading_revisions TO quantrac_writer;

    -- People's addresses and the texts sent to them are not for dashboards.
    GRANT SELECT (code, effective_from, name_vi, name_en, kind, park, operator, longitude, latitude, old_codes,
                  permit_flow_m3_per_day, limit_set, kq, kf, permit_limits, illustration)
        ON stations TO quantrac_reader;
    GRANT SELECT (id, alert_id, transition_id, message_id, channel, created_at, attempts, next_try_at, locked_until,
                  sent_at, failed_at, last_error)
        ON outbox TO quantrac_reader;

    -- The writer's staging table is temporary. PostgreSQL gives TEMPORARY to everybody unless it was taken away.
    IF NOT has_database_privilege('quantrac_writer', current_database(), 'TEMPORARY') THEN
        EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO quantrac_writer', current_database());
    END IF;
END
$$
