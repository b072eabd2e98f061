-- Incidents: alerts that belong together, what holds their pages back, and who is on call.

CREATE TABLE outages (
    id     bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind   text         NOT NULL CHECK (kind IN ('broker', 'line', 'pipeline')),
    park   text,
    since  timestamptz  NOT NULL,
    until  timestamptz,
    detail text         NOT NULL DEFAULT '',
    CHECK (until > since)
);
COMMENT ON TABLE outages IS 'Declared outages; silences within them are one incident. park NULL: everything.';

CREATE TABLE incidents (
    id            bigint         GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic         text           NOT NULL,
    state         text           NOT NULL,
    extent        text           NOT NULL,
    severity      text           NOT NULL,
    opened_at     timestamptz    NOT NULL,
    spread_at     timestamptz    NOT NULL,
    outage        bigint         REFERENCES outages (id),
    holder        text,
    acted_at      timestamptz,
    snoozed_until timestamptz,
    resolved_at   timestamptz,
    closed_at     timestamptz,
    cause         text,
    cause_text    text           NOT NULL DEFAULT '',
    paged_at       timestamptz,
    paged_severity text,
    end_sent      boolean        NOT NULL DEFAULT false,
    rest_sent     boolean        NOT NULL DEFAULT false,
    held          boolean        NOT NULL DEFAULT false,
    relapses      timestamptz[]  NOT NULL DEFAULT '{}',
    flapping      boolean        NOT NULL DEFAULT false,
    chain_policy  text,
    chain_step    integer,
    chain_round   integer,
    chain_due_at  timestamptz,
    digest        bigint         REFERENCES incidents (id) DEFERRABLE INITIALLY DEFERRED,
    reason        text           NOT NULL DEFAULT '',
    CHECK (state IN ('open', 'acknowledged', 'snoozed', 'resolved', 'closed')),
    CHECK (cause IN ('pollution', 'process_upset', 'sensor_fault', 'calibration', 'communication', 'false_alarm',
                     'drill', 'other')),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL) AND (state = 'closed') = (cause IS NOT NULL)),
    CHECK (cause <> 'other' OR cause_text <> ''),
    CHECK ((state = 'snoozed') = (snoozed_until IS NOT NULL)),
    CHECK (state NOT IN ('acknowledged', 'snoozed') OR holder IS NOT NULL)
) WITH (fillfactor = 70);
COMMENT ON COLUMN incidents.reason IS 'Named reason of the last decision: why it was told, or was not.';
COMMENT ON COLUMN incidents.digest IS 'The incident whose digest has named it in a storm, instead of a page of its own.';
COMMENT ON COLUMN incidents.chain_due_at IS 'When the next step of the escalation is told; NULL: nobody is left.';
CREATE INDEX incidents_active ON incidents (opened_at) WHERE state IN ('open', 'acknowledged', 'snoozed');
CREATE INDEX incidents_ended ON incidents (coalesce(closed_at, resolved_at))
    WHERE state IN ('resolved', 'closed');

CREATE TABLE incident_alerts (
    incident_id   bigint       NOT NULL REFERENCES incidents (id),
    alert_id      bigint       NOT NULL REFERENCES alerts (id),
    transition_id bigint       NOT NULL REFERENCES alert_transitions (id),
    joined_at     timestamptz  NOT NULL,
    counts        boolean      NOT NULL,
    park          text,
    PRIMARY KEY (incident_id, alert_id)
);
COMMENT ON COLUMN incident_alerts.counts IS 'False for a mean that confirms a slug: it does not keep the incident open.';
CREATE UNIQUE INDEX incident_alerts_alert ON incident_alerts (alert_id);

-- Which changes of alerts were dealt with, and why each was put where: an id lower than one that is known may still
-- be committed, so the greatest known id alone does not tell what is new.
CREATE TABLE incident_transitions (
    transition_id bigint       PRIMARY KEY REFERENCES alert_transitions (id),
    incident_id   bigint       REFERENCES incidents (id),
    reason        text         NOT NULL,
    at            timestamptz  NOT NULL
);

CREATE TABLE incident_progress (
    id               smallint     PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    first_transition bigint       NOT NULL,
    handed_over_at   timestamptz,
    summarised_at    timestamptz
);
COMMENT ON COLUMN incident_progress.first_transition IS 'Every change of an alert with a lower id is dealt with.';
-- What was opened before this migration was told in the old way.
INSERT INTO incident_progress (first_transition) SELECT coalesce(max(id), 0) + 1 FROM alert_transitions;

CREATE TABLE incident_events (
    id          bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint       NOT NULL REFERENCES incidents (id),
    at          timestamptz  NOT NULL,
    actor       text         NOT NULL,
    what        text         NOT NULL,
    reason      text         NOT NULL,
    detail      text         NOT NULL DEFAULT ''
);
COMMENT ON TABLE incident_events IS 'Who did what, what was told and why; comments are events as well. Never changed.';
COMMENT ON COLUMN incident_events.actor IS 'Login or name; empty: the machine.';
CREATE INDEX incident_events_incident ON incident_events (incident_id, id);
CREATE INDEX incident_events_told ON incident_events (at) WHERE what = 'page';

CREATE TABLE incident_attachments (
    id           bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id  bigint       NOT NULL REFERENCES incidents (id),
    at           timestamptz  NOT NULL,
    actor        text         NOT NULL,
    name         text         NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    content_type text         NOT NULL,
    sha256       bytea        NOT NULL,
    content      bytea        NOT NULL CHECK (octet_length(content) BETWEEN 1 AND 5242880),
    CHECK (sha256 = sha256(content)),
    UNIQUE (incident_id, sha256)
);
ALTER TABLE incident_attachments ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE FUNCTION refuse_incident_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER incident_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON incident_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_incident_change();
CREATE TRIGGER incident_attachments_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON incident_attachments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_incident_change();

CREATE TABLE hold_windows (
    id           bigint           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text             NOT NULL CHECK (kind IN ('maintenance', 'calibration', 'silence')),
    station      text COLLATE "C" NOT NULL DEFAULT '',
    parameter    text COLLATE "C" NOT NULL DEFAULT '',
    starts_at    timestamptz      NOT NULL,
    ends_at      timestamptz      NOT NULL,
    repeat_days  integer          NOT NULL DEFAULT 0 CHECK (repeat_days BETWEEN 0 AND 366),
    repeat_until timestamptz,
    by           text             NOT NULL,
    note         text             NOT NULL DEFAULT '',
    end_sent_at  timestamptz,
    CHECK (ends_at > starts_at),
    CHECK (repeat_days = 0 OR ends_at - starts_at < repeat_days * INTERVAL '1 day'),
    CHECK (kind <> 'silence' OR repeat_days = 0)
);
COMMENT ON TABLE hold_windows IS 'Times in which pages are held back; what still holds afterwards is told once.';
CREATE INDEX hold_windows_ends ON hold_windows (ends_at);

CREATE TABLE people (
    code       text COLLATE "C"  PRIMARY KEY,
    position   integer           NOT NULL,
    document   jsonb             NOT NULL,
    active     boolean           NOT NULL DEFAULT true,
    changed_at timestamptz       NOT NULL
);

CREATE TABLE contact_channels (
    id              bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person          text COLLATE "C" NOT NULL REFERENCES people (code),
    kind            text         NOT NULL,
    address         text         NOT NULL,
    position        integer      NOT NULL,
    delay_s         double precision NOT NULL CHECK (delay_s >= 0),
    verified_at     timestamptz,
    failing_since   timestamptz,
    code_digest     text,
    code_expires_at timestamptz,
    code_tries      integer      NOT NULL DEFAULT 0,
    removed_at      timestamptz,
    UNIQUE (person, kind, address)
);
COMMENT ON COLUMN contact_channels.verified_at IS 'Before it a channel does not count: its owner has not returned the code.';

CREATE TABLE rotas (
    code       text COLLATE "C"  PRIMARY KEY,
    position   integer           NOT NULL,
    document   jsonb             NOT NULL,
    active     boolean           NOT NULL DEFAULT true,
    changed_at timestamptz       NOT NULL
);

CREATE TABLE escalation_policies (
    code       text COLLATE "C"  PRIMARY KEY,
    position   integer           NOT NULL,
    document   jsonb             NOT NULL,
    active     boolean           NOT NULL DEFAULT true,
    changed_at timestamptz       NOT NULL
);

CREATE TABLE rota_overrides (
    id            bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rota          text COLLATE "C" NOT NULL REFERENCES rotas (code),
    starts_at     timestamptz  NOT NULL,
    ends_at       timestamptz  NOT NULL,
    remove_person text,
    add_person    text,
    by            text         NOT NULL,
    created_at    timestamptz  NOT NULL,
    withdrawn_at  timestamptz,
    CHECK (ends_at > starts_at),
    CHECK (num_nonnulls(remove_person, add_person) > 0)
);

CREATE TABLE rota_swaps (
    id             bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rota           text COLLATE "C" NOT NULL REFERENCES rotas (code),
    person         text         NOT NULL,
    colleague      text         NOT NULL,
    starts_at      timestamptz  NOT NULL,
    ends_at        timestamptz  NOT NULL,
    back_starts_at timestamptz,
    back_ends_at   timestamptz,
    state          text         NOT NULL DEFAULT 'proposed'
                                CHECK (state IN ('proposed', 'accepted', 'declined', 'withdrawn')),
    proposed_at    timestamptz  NOT NULL,
    answered_at    timestamptz,
    CHECK (ends_at > starts_at AND back_ends_at > back_starts_at),
    CHECK ((back_starts_at IS NULL) = (back_ends_at IS NULL)),
    CHECK (person <> colleague)
);

-- Messages about incidents: withdrawn when somebody acknowledges, brought forward when the channel before fails.
ALTER TABLE outbox
    ALTER COLUMN alert_id DROP NOT NULL,
    ALTER COLUMN transition_id DROP NOT NULL,
    ADD COLUMN incident_id bigint REFERENCES incidents (id),
    ADD COLUMN notice text,
    ADD COLUMN person text,
    ADD COLUMN contact_id bigint REFERENCES contact_channels (id),
    ADD COLUMN withdrawn_at timestamptz,
    ADD COLUMN fallen_back_at timestamptz;
COMMENT ON COLUMN outbox.withdrawn_at IS 'When a page that was not yet sent became needless.';
COMMENT ON COLUMN outbox.fallen_back_at IS 'When the next channel of the same person was brought forward in its place.';
CREATE INDEX outbox_incident ON outbox (incident_id) WHERE incident_id IS NOT NULL;
