-- Housekeeping channels: door, fire, mains power, UPS, pump, sampler. States, of which only the changes are kept.
ALTER TABLE stations ADD COLUMN channels jsonb NOT NULL DEFAULT '[]';

CREATE TABLE channel_spans (
    station text COLLATE "C"  NOT NULL,
    channel text COLLATE "C"  NOT NULL,
    since   timestamptz       NOT NULL,
    until   timestamptz       NOT NULL,
    state   double precision,
    PRIMARY KEY (station, channel, since),
    CHECK (since <= until)
) WITH (fillfactor = 50);
COMMENT ON TABLE channel_spans IS 'From since to until, both observed, a channel was in one state; NULL: it said nothing. What lies between spans is not known.';

-- Of the newest version of each station: what a channel is, and what its numbers mean.
CREATE VIEW channels AS
SELECT DISTINCT ON (s.code, c.value ->> 'code')
       s.code AS station, c.value ->> 'code' AS channel, c.value ->> 'kind' AS kind, c.value -> 'states' AS states
  FROM stations AS s
 CROSS JOIN LATERAL jsonb_array_elements(s.channels) AS c (value)
 ORDER BY s.code, c.value ->> 'code', s.effective_from DESC;

-- A late observation may leave neighbours of one state: shown as one.
CREATE VIEW channel_changes AS
SELECT told.station, told.channel, channels.kind, told.since, told.state,
       coalesce((SELECT word ->> 1 FROM jsonb_array_elements(channels.states) AS word
                  WHERE (word ->> 0)::float8 = told.state LIMIT 1),
                told.state::text) AS words
  FROM (SELECT station, channel, since, state,
               lag(state) OVER series IS NOT DISTINCT FROM state AND lag(since) OVER series IS NOT NULL AS repeated
          FROM channel_spans
        WINDOW series AS (PARTITION BY station, channel ORDER BY since)) AS told
  LEFT JOIN channels USING (station, channel)
 WHERE NOT told.repeated;
COMMENT ON VIEW channel_changes IS 'Every change of a housekeeping channel, with its words in Vietnamese.';

CREATE VIEW channel_states AS
SELECT DISTINCT ON (spans.station, spans.channel)
       spans.station, spans.channel, channels.kind, spans.state,
       coalesce((SELECT word ->> 1 FROM jsonb_array_elements(channels.states) AS word
                  WHERE (word ->> 0)::float8 = spans.state LIMIT 1),
                spans.state::text) AS words,
       (SELECT max(since) FROM channel_changes AS c
         WHERE c.station = spans.station AND c.channel = spans.channel) AS since,
       spans.until AS last_observed_at
  FROM channel_spans AS spans
  LEFT JOIN channels USING (station, channel)
 ORDER BY spans.station, spans.channel, spans.since DESC;
COMMENT ON VIEW channel_states IS 'The last known state of every housekeeping channel, since when, and when it was last heard.';
