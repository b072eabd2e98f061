-- The table owns an alert's state: a worker that has lost its memory goes on from here.

ALTER TABLE alerts ADD COLUMN level smallint CHECK (level > 0);
COMMENT ON COLUMN alerts.level IS 'Step of the rule that the alert has reached, counted from 1; NULL: from before the column.';
COMMENT ON COLUMN alerts.page IS 'Whether officers were paged when it opened or escalated.';

-- A message waits for those before it of the same alert to the same recipient: the end never arrives before the beginning.
CREATE INDEX outbox_order ON outbox (alert_id, channel, recipient, id) WHERE sent_at IS NULL AND failed_at IS NULL;
-- What was told of a station within the last hour is asked with every page.
CREATE INDEX outbox_created ON outbox (created_at);

-- What the budget of pages holds back, until a digest says so.
CREATE TABLE held_notifications (
    id            bigint           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id      bigint           NOT NULL REFERENCES alerts (id),
    transition_id bigint           NOT NULL REFERENCES alert_transitions (id),
    message_id    text             NOT NULL UNIQUE,
    station       text COLLATE "C" NOT NULL,
    channel       text             NOT NULL,
    recipient     text             NOT NULL,
    subject       text             NOT NULL,
    held_at       timestamptz      NOT NULL,
    digested_at   timestamptz
);
COMMENT ON COLUMN held_notifications.digested_at IS 'When a digest that names it was put into the outbox; NULL: it waits for one.';
CREATE INDEX held_notifications_waiting ON held_notifications (station, channel, recipient) WHERE digested_at IS NULL;
CREATE INDEX held_notifications_digested ON held_notifications (station, channel, recipient, digested_at);
CREATE INDEX held_notifications_alert ON held_notifications (alert_id);

-- Addresses stand in the outbox's recipient only; servers quote them in their refusals.
UPDATE outbox SET last_error = regexp_replace(last_error, '[^\s<>()"'',;]+@[^\s<>()"'',;]+', '***', 'g')
 WHERE last_error LIKE '%@%';
