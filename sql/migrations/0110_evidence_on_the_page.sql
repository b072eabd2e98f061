-- Evidence made on the page: what was told of one incident, without the links in it that act for their readers. The page
-- does not read the outbox itself: codes of channels and everybody's mails stand in it.
CREATE FUNCTION incident_notifications(of_incident bigint)
RETURNS TABLE (
    id bigint, alert_id bigint, incident_id bigint, transition_id bigint, message_id text, channel text, person text,
    notice text, subject text, text text, created_at timestamptz, attempts integer, next_try_at timestamptz,
    sent_at timestamptz, failed_at timestamptz, withdrawn_at timestamptz, fallen_back_at timestamptz, last_error text,
    receipt text
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.id, o.alert_id, o.incident_id, o.transition_id, o.message_id, o.channel, o.person, o.notice, o.subject,
           regexp_replace(o.text, '(/(?:ack|login)/)[A-Za-z0-9_-]{20,}', '\1***', 'g'),
           o.created_at, o.attempts, o.next_try_at, o.sent_at, o.failed_at, o.withdrawn_at, o.fallen_back_at,
           o.last_error, o.receipt
      FROM public.outbox AS o
     WHERE o.incident_id = of_incident
        OR o.alert_id IN (SELECT m.alert_id FROM public.incident_alerts AS m WHERE m.incident_id = of_incident)
     ORDER BY o.id
$$;
COMMENT ON FUNCTION incident_notifications IS 'What was told of an incident, for its evidence; links that act are masked.';
REVOKE EXECUTE ON FUNCTION incident_notifications FROM PUBLIC;

-- What was done with one incident, one alert, one station: found without reading the whole chain.
CREATE INDEX audit_subject ON audit ((entry::jsonb ->> 'subject'));
