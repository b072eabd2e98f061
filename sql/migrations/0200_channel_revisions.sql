-- What a housekeeping channel was held to have said before its station said otherwise: kept as readings' revisions are.
CREATE TABLE channel_revisions (
    id                    bigint            GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    station               text COLLATE "C"  NOT NULL,
    channel               text COLLATE "C"  NOT NULL,
    since                 timestamptz       NOT NULL,
    until                 timestamptz       NOT NULL,
    state                 double precision,
    observed_at           timestamptz       NOT NULL,
    revised_state         double precision,
    replaced_at           timestamptz       NOT NULL,
    replaced_by_partition integer           NOT NULL,
    replaced_by_offset    bigint            NOT NULL,
    recorded_at           timestamptz       NOT NULL DEFAULT clock_timestamp(),
    recorded_by           text              NOT NULL DEFAULT session_user,
    transaction           xid8              NOT NULL DEFAULT pg_current_xact_id(),
    CHECK (observed_at BETWEEN since AND until),
    CHECK (state IS DISTINCT FROM revised_state)
);
COMMENT ON TABLE channel_revisions IS 'A channel was in one state from since to until, before its station said otherwise of an instant within.';
CREATE INDEX channel_revisions_key ON channel_revisions (station, channel, since);
CREATE INDEX channel_revisions_replaced ON channel_revisions (replaced_at);
CREATE TRIGGER channel_revisions_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON channel_revisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION require_channel_revision() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.channel_revisions was
         WHERE was.station = OLD.station AND was.channel = OLD.channel AND was.since = OLD.since
           AND was.until >= OLD.until AND was.state IS NOT DISTINCT FROM OLD.state
           AND was.transaction = pg_current_xact_id()
    ) THEN
        RAISE EXCEPTION 'the state of % of % since % is changed only after channel_revisions holds what it was',
            OLD.channel, OLD.station, OLD.since;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER channel_spans_revised BEFORE UPDATE ON channel_spans FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state OR NEW.until < OLD.until) EXECUTE FUNCTION require_channel_revision();
CREATE TRIGGER channel_spans_audited AFTER DELETE OR TRUNCATE ON channel_spans
    FOR EACH STATEMENT EXECUTE FUNCTION audit_statement();

ALTER TABLE channel_spans ADD COLUMN late boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN channel_spans.late IS 'True when the word with which the span begins came in the retrospective lane.';

CREATE FUNCTION channel_words(states jsonb, state double precision) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce((SELECT word ->> 1 FROM jsonb_array_elements(states) AS word
                      WHERE (word ->> 0)::float8 = state LIMIT 1),
                    state::text)
$$;

DROP VIEW channel_states;
DROP VIEW channel_changes;

-- A late observation may leave neighbours of one state: shown as one. What was revised stands beside what counts; the
-- rest of a span that is revised word by word is part of the first of these revisions.
CREATE VIEW channel_changes AS
SELECT told.station, told.channel, channels.kind, told.since, told.state, channel_words(channels.states, told.state) AS words,
       told.late, NULL::timestamptz AS until, NULL::timestamptz AS revised_at, NULL::float8 AS revised_state,
       NULL::text AS revised_words
  FROM (SELECT station, channel, since, state, late,
               lag(state) OVER series IS NOT DISTINCT FROM state AND lag(since) OVER series IS NOT NULL AS repeated
          FROM channel_spans
        WINDOW series AS (PARTITION BY station, channel ORDER BY since)) AS told
  LEFT JOIN channels USING (station, channel)
 WHERE NOT told.repeated
UNION ALL
SELECT was.station, was.channel, channels.kind, was.since, was.state, channel_words(channels.states, was.state),
       false, was.until, was.replaced_at, was.revised_state, channel_words(channels.states, was.revised_state)
  FROM channel_revisions AS was
  LEFT JOIN channels USING (station, channel)
 WHERE NOT EXISTS (
       SELECT FROM channel_revisions AS first
        WHERE first.station = was.station AND first.channel = was.channel AND first.id < was.id
          AND first.since <= was.since AND first.until >= was.until
          AND first.state IS NOT DISTINCT FROM was.state
          AND first.revised_state IS NOT DISTINCT FROM was.revised_state);
COMMENT ON VIEW channel_changes IS 'Every change of a housekeeping channel, with its words in Vietnamese. With revised_at: what the station said first, from since to until, and has said otherwise since; it counts no more.';

CREATE VIEW channel_states AS
SELECT DISTINCT ON (spans.station, spans.channel)
       spans.station, spans.channel, channels.kind, spans.state, channel_words(channels.states, spans.state) AS words,
       (SELECT max(since) FROM channel_changes AS c
         WHERE c.station = spans.station AND c.channel = spans.channel AND c.revised_at IS NULL) AS since,
       spans.until AS last_observed_at
  FROM channel_spans AS spans
  LEFT JOIN channels USING (station, channel)
 ORDER BY spans.station, spans.channel, spans.since DESC;
COMMENT ON VIEW channel_states IS 'The last known state of every housekeeping channel, since when, and when it was last heard.';
