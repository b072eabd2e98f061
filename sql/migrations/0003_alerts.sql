-- Alerts, their transitions, and the outbox that is written in the same transaction.

CREATE TABLE alerts (
    id              bigint            GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    station         text COLLATE "C"  NOT NULL,
    parameter       text COLLATE "C"  NOT NULL DEFAULT '',
    rule            text COLLATE "C"  NOT NULL,
    kind            text              NOT NULL,
    severity        text              NOT NULL,
    opened_at       timestamptz       NOT NULL,
    since           timestamptz       NOT NULL,
    resolved_at     timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    closed_cause    text,
    value           double precision,
    peak_value      double precision,
    limit_minimum   double precision,
    limit_maximum   double precision,
    limit_source    text,
    explanation_vi  text              NOT NULL DEFAULT '',
    explanation_en  text              NOT NULL DEFAULT '',
    page            boolean           NOT NULL DEFAULT true,
    retrospective   boolean           NOT NULL DEFAULT false
);
COMMENT ON COLUMN alerts.parameter IS 'Empty: an alert of the whole station.';
COMMENT ON COLUMN alerts.opened_at IS 'observed_at of the reading that opened it; since is that of the first reading of the condition.';
CREATE UNIQUE INDEX alerts_one_open ON alerts (station, parameter, rule) WHERE resolved_at IS NULL;
CREATE INDEX alerts_opened ON alerts (opened_at);

CREATE TABLE alert_transitions (
    id          bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id    bigint       NOT NULL REFERENCES alerts (id),
    kind        text         NOT NULL,
    reason      text         NOT NULL,
    observed_at timestamptz  NOT NULL,
    value       double precision,
    severity    text         NOT NULL,
    created_at  timestamptz  NOT NULL DEFAULT now(),
    UNIQUE (alert_id, kind, observed_at)
);

CREATE TABLE outbox (
    id            bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id      bigint       NOT NULL REFERENCES alerts (id),
    transition_id bigint       NOT NULL REFERENCES alert_transitions (id),
    message_id    text         NOT NULL UNIQUE,
    channel       text         NOT NULL,
    recipient     text         NOT NULL,
    subject       text         NOT NULL,
    text          text         NOT NULL,
    html          text,
    created_at    timestamptz  NOT NULL DEFAULT now(),
    attempts      integer      NOT NULL DEFAULT 0,
    next_try_at   timestamptz,
    locked_until  timestamptz,
    sent_at       timestamptz,
    failed_at     timestamptz,
    last_error    text,
    CHECK (sent_at IS NULL OR failed_at IS NULL)
);
COMMENT ON COLUMN outbox.next_try_at IS 'NULL: at once.';
COMMENT ON COLUMN outbox.locked_until IS 'Until then the notifier that took it may deliver it; afterwards another may.';
COMMENT ON COLUMN outbox.failed_at IS 'When it was given up.';
CREATE INDEX outbox_due ON outbox (id) WHERE sent_at IS NULL AND failed_at IS NULL;

CREATE FUNCTION notify_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('quantrac_outbox', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER outbox_notify AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION notify_outbox();
