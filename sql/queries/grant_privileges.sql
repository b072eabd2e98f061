-- Run after every migration as the owner. Says the whole of what each role may do, so that it can be run again.
DO $$
DECLARE
    relation record;
    rule record;
    listed text;
    role text;
BEGIN
    FOR relation IN
        SELECT relname AS name,
               relname IN ('station_states', 'model_states', 'stations', 'outbox', 'held_notifications', 'people', 
                           'contact_channels', 'incident_attachments', 'incident_links', 'accounts', 'account_sessions',
                           'login_links', 'security_events', 'proposals', 'report_mails') AS personal
          FROM pg_class
         WHERE relnamespace = 'public'::regnamespace
           AND relkind IN ('r', 'p', 'v')
           AND pg_get_userbyid(relowner) = current_user
    LOOP
        EXECUTE format('REVOKE ALL ON %I FROM quantrac_writer, quantrac_notifier, quantrac_desk, quantrac_trainer, '
                       'quantrac_intake, quantrac_reader, quantrac_web, PUBLIC', relation.name);
        IF relation.name NOT IN ('accounts', 'account_sessions', 'login_links', 'security_events', 'proposals') THEN
            EXECUTE format('GRANT SELECT ON %I TO quantrac_writer', relation.name);
        END IF;
        IF NOT relation.personal THEN
            EXECUTE format('GRANT SELECT ON %I TO quantrac_notifier, quantrac_desk, quantrac_trainer, quantrac_reader, '
                           'quantrac_web', relation.name);
        END IF;
    END LOOP;

    GRANT INSERT, UPDATE ON
        readings, reading_hours, reading_days, latest_readings, judgements, alerts, alert_transitions, outbox,
        held_notifications,
        dead_letters, feeds, ledger, kafka_progress, station_states, station_presence, delays,
        sensor_presence, listening, bridge_clocks, installation, model_states, station_models, shadow_counts, forwarded_files,
        wqi, sent_reports, running_workers
        TO quantrac_writer;
    GRANT INSERT, UPDATE ON deferred_records TO quantrac_writer;
    GRANT INSERT, UPDATE ON receipts_committed, stored_hours, channel_spans TO quantrac_writer;
    GRANT INSERT ON raw_log_breaks, report_mails TO quantrac_writer;
    GRANT INSERT ON paged_assessments TO quantrac_writer, quantrac_notifier;
    GRANT INSERT ON reading_revisions, channel_revisions TO quantrac_writer;

    -- Evidence, and what belongs to another process: all columns but these, also those of later migrations.
    FOR rule IN
        SELECT * FROM (VALUES
            ('quantrac_writer', 'UPDATE', 'readings', 'station parameter observed_at'),
            ('quantrac_writer', 'INSERT', 'reading_revisions', 'id recorded_at recorded_by transaction'),
            ('quantrac_writer', 'INSERT', 'channel_revisions', 'id recorded_at recorded_by transaction'),
            ('quantrac_writer', 'UPDATE', 'ledger', 'station day'),
            ('quantrac_writer', 'UPDATE', 'receipts_committed', 'origin station hour_start'),
            ('quantrac_writer', 'UPDATE', 'channel_spans', 'station channel since'),
            ('quantrac_writer', 'UPDATE', 'stored_hours', 'station hour_start'),
            ('quantrac_writer', 'INSERT', 'alerts',
             'id resolved_at acknowledged_at acknowledged_by closed_cause recorded_at recorded_by'),
            ('quantrac_writer', 'UPDATE', 'alerts',
             'id station parameter rule kind opened_at acknowledged_at acknowledged_by closed_cause recorded_at '
             'recorded_by'),
            ('quantrac_writer', 'INSERT', 'alert_transitions', 'id created_at'),
            ('quantrac_writer', 'INSERT', 'outbox', 'id attempts locked_until sent_at failed_at last_error digest_id refused_at'),
            ('quantrac_notifier', 'UPDATE', 'outbox',
             'id alert_id transition_id message_id channel recipient subject text html created_at')
        ) AS listed (role, verb, name, without)
    LOOP
        SELECT string_agg(quote_ident(attname), ', ') INTO listed
          FROM pg_attribute
         WHERE attrelid = rule.name::regclass AND attnum > 0 AND NOT attisdropped
           AND attname <> ALL (string_to_array(rule.without, ' '));
        EXECUTE format('REVOKE %s ON %I FROM %I', rule.verb, rule.name, rule.role);
        EXECUTE format('GRANT %s (%s) ON %I TO %I', rule.verb, listed, rule.name, rule.role);
    END LOOP;
    REVOKE UPDATE ON alert_transitions, outbox, dead_letters FROM quantrac_writer;
    GRANT UPDATE (replayed_at) ON dead_letters TO quantrac_writer;

    -- People's addresses and the texts sent to them are for those who send them, and for the officers' desk.
    GRANT SELECT ON stations, outbox TO quantrac_notifier, quantrac_desk;
    GRANT SELECT (code, effective_from, name_vi, name_en, kind, park, operator, longitude, latitude, old_codes,
                  permit_flow_m3_per_day, limit_set, kq, kf, permit_limits, illustration, logger,
                  effective_to, channels)
        ON stations TO quantrac_reader, quantrac_trainer, quantrac_web;
    GRANT SELECT (id, alert_id, transition_id, message_id, channel, created_at, attempts, next_try_at, locked_until,
                  sent_at, failed_at, incident_id, notice, withdrawn_at, fallen_back_at)
        ON outbox TO quantrac_reader, quantrac_trainer, quantrac_web;
    GRANT SELECT (id, alert_id, transition_id, message_id, station, channel, held_at, digested_at)
        ON held_notifications TO quantrac_reader, quantrac_trainer;

    -- Incidents: the step that groups and pages is on the notifier's side; the officers' desk acts on them. History is
    -- only added to.
    GRANT INSERT, UPDATE ON incidents, incident_progress, outages, hold_windows TO quantrac_notifier, quantrac_desk;
    GRANT INSERT ON incident_alerts, incident_transitions, incident_events, incident_attachments
        TO quantrac_notifier, quantrac_desk;
    GRANT USAGE ON SEQUENCE incidents_id_seq TO quantrac_notifier, quantrac_desk;
    GRANT UPDATE (withdrawn_at, fallen_back_at, next_try_at, failed_at, last_error) ON outbox TO quantrac_desk;
    GRANT INSERT (message_id, channel, recipient, subject, text, html, next_try_at, incident_id, notice, person,
                  contact_id) ON outbox TO quantrac_notifier, quantrac_desk, quantrac_web;

    -- The page does what its officers do, and keeps their accounts; nobody else sees those. Nothing of them is deleted.
    GRANT INSERT, UPDATE ON incidents, hold_windows, rota_overrides, rota_swaps, accounts, login_links TO quantrac_web;
    GRANT INSERT ON incident_alerts, incident_events, incident_attachments, account_sessions, security_events
        TO quantrac_web;
    GRANT UPDATE (stage, seen_at, ended_at) ON account_sessions TO quantrac_web;
    GRANT UPDATE (withdrawn_at, fallen_back_at, next_try_at, failed_at, last_error) ON outbox TO quantrac_web;
    GRANT SELECT (person) ON outbox TO quantrac_web;
    GRANT SELECT ON people, contact_channels, incident_attachments, accounts, account_sessions, login_links,
        security_events TO quantrac_web;
    GRANT INSERT (person, kind, address, position, delay_s),
          UPDATE (position, delay_s, verified_at, failing_since, code_digest, code_expires_at, code_tries, removed_at)
        ON contact_channels TO quantrac_web;
    GRANT INSERT, UPDATE ON people, rotas, escalation_policies TO quantrac_web;
    -- People and where they are reached are the desk's and the page's: a worker that was taken over adds no stranger.
    GRANT INSERT, UPDATE ON
        people, contact_channels, rotas, escalation_policies, rota_overrides, rota_swaps TO quantrac_desk;
    GRANT SELECT ON people, contact_channels, incident_attachments TO quantrac_desk;
    GRANT SELECT ON people, contact_channels, incident_attachments TO quantrac_notifier;
    GRANT UPDATE (failing_since) ON contact_channels TO quantrac_notifier;
    -- Links are made by the step that pages, and used by the officers' desk and the page.
    GRANT INSERT ON incident_links TO quantrac_notifier;
    GRANT INSERT, DELETE ON system_faults TO quantrac_notifier;
    GRANT SELECT, UPDATE (used_at) ON incident_links TO quantrac_desk, quantrac_web;

    -- The first account of messages: bridges and drop folders raise it, and read of all the rest who the stations are.
    GRANT SELECT (code, effective_from, name_vi, name_en, kind, park, operator, longitude, latitude, old_codes,
                  permit_flow_m3_per_day, limit_set, kq, kf, permit_limits, illustration, logger,
                  effective_to, channels)
        ON stations TO quantrac_intake;
    GRANT SELECT ON sensors, registry_state TO quantrac_intake;
    GRANT EXECUTE ON FUNCTION
        carry_receipts(text[], text[], timestamptz[], bigint[], boolean[], text[], integer[], bigint[])
        TO quantrac_intake;
    GRANT EXECUTE ON FUNCTION audit_append(text, text, jsonb), acknowledge_alert(bigint, text),
        record_alert_cause(bigint, text, text), decide_revisions(bigint[], boolean, text, text) TO quantrac_desk;
    GRANT EXECUTE ON FUNCTION hold_finding(judgements, judgements, text, integer), drop_held_finding(judgements),
        hold_catalogue(), forget_delays(interval), forget_deferred(interval), forget_held_notifications(interval),
        forget_texts(interval), forget_workers(interval), forget_sessions(interval, integer), forget_receipts(interval)
        TO quantrac_writer;
    GRANT EXECUTE ON FUNCTION audit_append(text, text, jsonb) TO quantrac_web;
    GRANT SELECT ON proposals TO quantrac_web;
    GRANT EXECUTE ON FUNCTION catalogue_mark(), propose(text, text, text), may_decide(bigint, text),
        decide_proposal(bigint, text, jsonb) TO quantrac_web;
    GRANT EXECUTE ON FUNCTION decide_revisions_by_account(bigint[], boolean, text) TO quantrac_web;
    GRANT EXECUTE ON FUNCTION incident_notifications(bigint) TO quantrac_desk, quantrac_web;
    GRANT EXECUTE ON FUNCTION revise_by_desk(text, text, text, timestamptz, timestamptz, double precision, text, text)
        TO quantrac_desk;

    -- A function that acts as the owner and would look into its caller's temporary schema first gives all of it away;
    -- one of a trigger that is everybody's writes whatever its caller puts into a temporary table of his own.
    FOR relation IN
        SELECT oid::regprocedure::text AS name,
               coalesce(array_to_string(proconfig, ' '), '') LIKE '%search_path=pg_catalog%pg_temp%' AS safe
          FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace AND prosecdef AND pg_get_userbyid(proowner) = current_user
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', relation.name);
        IF NOT relation.safe THEN
            EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, public, pg_temp', relation.name);
        END IF;
    END LOOP;

    -- The writer's staging table is temporary; nobody else needs one, and PostgreSQL gives it to everybody.
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    FOREACH role IN ARRAY ARRAY['quantrac_writer', 'quantrac_notifier', 'quantrac_desk', 'quantrac_trainer',
                                'quantrac_intake', 'quantrac_reader', 'quantrac_web'] LOOP
        EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM %I', current_database(), role);
        IF NOT has_database_privilege(role, current_database(), 'CONNECT') THEN
            EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role);
        END IF;
    END LOOP;
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO quantrac_writer', current_database());
END
$$
