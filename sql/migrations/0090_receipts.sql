-- The ledger from the first byte: what was counted where a message is first held, what the workers committed of it, and
-- how many readings each hour has to hold.

CREATE TABLE receipts (
    origin        text COLLATE "C"  NOT NULL,
    station       text COLLATE "C"  NOT NULL,
    hour_start    timestamptz       NOT NULL,
    acknowledged  bigint            NOT NULL CHECK (acknowledged > 0),
    by_file       boolean           NOT NULL,
    raw_topic     text COLLATE "C"  NOT NULL,
    raw_partition integer           NOT NULL,
    last_offset   bigint            NOT NULL,
    carried_at    timestamptz       NOT NULL DEFAULT now(),
    PRIMARY KEY (origin, station, hour_start)
) WITH (fillfactor = 70);
COMMENT ON TABLE receipts IS 'First account, of bridges and drop folders: messages 1 to acknowledged of an origin, station and hour of receipt are in Kafka.';
COMMENT ON COLUMN receipts.origin IS 'One life of one Kafka producer; what is sent again after a fault has another.';
CREATE INDEX receipts_hour ON receipts (hour_start);
CREATE INDEX receipts_carried ON receipts (carried_at);

-- Whoever receives messages may add to the first account and raise it, nothing else; the worker may not touch it at all.
CREATE FUNCTION carry_receipts(
    origins text[], of_stations text[], hours timestamptz[], counts bigint[], files boolean[], topics text[],
    partitions integer[], offsets bigint[]
) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    INSERT INTO receipts AS kept (
        origin, station, hour_start, acknowledged, by_file, raw_topic, raw_partition, last_offset, carried_at
    )
    SELECT DISTINCT ON (line.origin, line.station, line.hour_start) line.*, clock_timestamp()
      FROM unnest(origins, of_stations, hours, counts, files, topics, partitions, offsets)
           AS line (origin, station, hour_start, acknowledged, by_file, raw_topic, raw_partition, last_offset)
     ORDER BY line.origin, line.station, line.hour_start, line.acknowledged DESC
    ON CONFLICT (origin, station, hour_start) DO UPDATE SET
        acknowledged = excluded.acknowledged,
        last_offset = excluded.last_offset,
        carried_at = excluded.carried_at
     WHERE excluded.acknowledged > kept.acknowledged
$$;
REVOKE ALL ON FUNCTION carry_receipts(text[], text[], timestamptz[], bigint[], boolean[], text[], integer[], bigint[])
    FROM PUBLIC;

CREATE TABLE receipts_committed (
    origin     text COLLATE "C"  NOT NULL,
    station    text COLLATE "C"  NOT NULL,
    hour_start timestamptz       NOT NULL,
    numbers    int8multirange    NOT NULL,
    PRIMARY KEY (origin, station, hour_start)
) WITH (fillfactor = 50);
COMMENT ON TABLE receipts_committed IS 'Second account, of the workers: the numbers of messages that were committed, in the transaction that committed them.';
CREATE INDEX receipts_committed_hour ON receipts_committed (hour_start);

CREATE TABLE stored_hours (
    station    text COLLATE "C"  NOT NULL,
    hour_start timestamptz       NOT NULL,
    stored     bigint            NOT NULL CHECK (stored > 0),
    PRIMARY KEY (station, hour_start)
) WITH (fillfactor = 50);
COMMENT ON TABLE stored_hours IS 'How many readings of each hour of observation were stored, counted apart from them: fewer rows than that were removed.';
INSERT INTO stored_hours (station, hour_start, stored)
SELECT station, date_bin('1 hour', observed_at, '2000-01-01 00:00:00+00'), count(*) FROM readings GROUP BY 1, 2;

-- A number that is missing below a committed one is lost. One above all of them may still wait: as long as the worker has
-- not come past the last offset in the topic of today, or while the station's surplus waits.
CREATE VIEW message_ledger AS
WITH today AS (
    SELECT raw_topic FROM receipts ORDER BY carried_at DESC LIMIT 1
), compared AS (
    SELECT coalesce(r.station, c.station) AS station,
           coalesce(r.hour_start, c.hour_start) AS hour_start,
           coalesce(r.by_file, false) AS by_file,
           coalesce(r.acknowledged, 0) AS received,
           c.numbers * int8multirange(int8range(1, coalesce(r.acknowledged, 0) + 1)) AS committed,
           c.numbers - int8multirange(int8range(1, coalesce(r.acknowledged, 0) + 1)) AS uncounted,
           r.raw_topic = (SELECT raw_topic FROM today)
               AND NOT EXISTS (SELECT FROM kafka_progress AS p
                                WHERE split_part(p.topic, '/', 2) = r.raw_topic AND p.partition = r.raw_partition
                                  AND p.next_offset > r.last_offset) AS may_wait,
           EXISTS (SELECT FROM deferred_records AS d WHERE d.station = r.station) AS defers
      FROM receipts AS r
      FULL JOIN receipts_committed AS c USING (origin, station, hour_start)
), counted AS (
    SELECT station, hour_start, by_file, received, may_wait, defers,
           (SELECT coalesce(sum(upper(n) - lower(n)), 0) FROM unnest(committed) AS n) AS committed,
           (SELECT coalesce(sum(upper(n) - lower(n)), 0) FROM unnest(uncounted) AS n) AS uncounted,
           coalesce(upper(committed) - 1, 0) AS newest
      FROM compared
), told AS (
    SELECT station, hour_start, by_file, received, committed, uncounted,
           CASE WHEN defers THEN received - committed WHEN may_wait THEN received - newest ELSE 0 END AS in_flight
      FROM counted
)
SELECT station, hour_start, bool_or(by_file) AS by_file,
       sum(received)::bigint AS received,
       sum(committed)::bigint AS committed,
       sum(in_flight)::bigint AS in_flight,
       sum(received - committed - in_flight)::bigint AS residual,
       sum(uncounted)::bigint AS uncounted
  FROM told
 GROUP BY station, hour_start;
COMMENT ON VIEW message_ledger IS 'Messages per station and hour of receipt: received (first account) = committed (second) + in flight + residual; uncounted were committed, but are not yet, or never, in the first account.';

-- From the stored hours' side and from the rows' side: either may be there alone.
CREATE FUNCTION reading_ledger(since timestamptz, until timestamptz)
RETURNS TABLE (station text, hour_start timestamptz, stored bigint, present bigint, residual bigint)
LANGUAGE sql STABLE AS $$
    SELECT coalesce(s.station, r.station), coalesce(s.hour_start, r.hour_start), coalesce(s.stored, 0),
           coalesce(r.present, 0), coalesce(s.stored, 0) - coalesce(r.present, 0)
      FROM (SELECT * FROM stored_hours AS h
             WHERE h.hour_start >= date_bin('1 hour', since, '2000-01-01 00:00:00+00') AND h.hour_start < until) AS s
      FULL JOIN (SELECT k.station, date_bin('1 hour', k.observed_at, '2000-01-01 00:00:00+00') AS hour_start,
                        count(*) AS present
                   FROM readings AS k
                  WHERE k.observed_at >= date_bin('1 hour', since, '2000-01-01 00:00:00+00')
                    AND k.observed_at < date_bin('1 hour', until + INTERVAL '59 min 59.999999 s',
                                                 '2000-01-01 00:00:00+00')
                  GROUP BY 1, 2) AS r USING (station, hour_start)
$$;
COMMENT ON FUNCTION reading_ledger IS 'Readings per station and hour of observation: stored, as counted when they were; present, as counted now; residual: removed since.';

-- What reports and dashboards both read. Each day is asked for by itself, so that a condition on the day is quick.
CREATE VIEW received_days AS
SELECT of_day.station, of_day.parameter, of_day.day, of_day.expected, of_day.received, of_day.usable,
       of_day.received / nullif(of_day.expected, 0) AS received_ratio
  FROM generate_series((SELECT min(effective_from) FROM stations)::timestamp,
                       (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date::timestamp, INTERVAL '1 day') AS series (day)
 CROSS JOIN LATERAL data_received(series.day::date, series.day::date) AS of_day;
COMMENT ON VIEW received_days IS 'Share of the data that came: received of expected readings per station, parameter and Vietnamese day.';
