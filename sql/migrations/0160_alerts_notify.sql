-- Whoever turns changes of alerts into incidents is woken by the commit that holds them, as the notifier is by a message.
CREATE FUNCTION notify_alert_transitions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('quantrac_alerts', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER alert_transitions_notify AFTER INSERT ON alert_transitions
    FOR EACH STATEMENT EXECUTE FUNCTION notify_alert_transitions();
