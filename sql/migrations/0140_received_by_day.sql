-- The share of data received comes from the sums of days where no hour held more than its cadence makes, else, as
-- before, from the hours: months cost little more than weeks.
ALTER TABLE reading_days ADD COLUMN busiest_hour integer NOT NULL DEFAULT 2147483647;
COMMENT ON COLUMN reading_days.busiest_hour IS 'No hour of the day has more readings (total_count); the default: not known.';
UPDATE reading_days AS kept SET busiest_hour = fresh.busiest_hour
  FROM (SELECT station, parameter, (hour_start AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day, max(total_count) AS busiest_hour
          FROM reading_hours GROUP BY 1, 2, 3) AS fresh
 WHERE (kept.station, kept.parameter, kept.day) = (fresh.station, fresh.parameter, fresh.day);

CREATE OR REPLACE FUNCTION data_received(first_day date, last_day date)
RETURNS TABLE (
    station text, parameter text, day date, expected double precision, received double precision,
    usable double precision
) LANGUAGE sql STABLE AS $$
    SELECT described.code, sensors.parameter, described.day,
           elapsed.s / sensors.cadence_s,
           least(CASE WHEN sums.busiest_hour <= most.readings THEN sums.total_count ELSE hours.total_count END,
                 elapsed.s / sensors.cadence_s),
           least(CASE WHEN sums.busiest_hour <= most.readings THEN sums.usable_count ELSE hours.usable_count END,
                 elapsed.s / sensors.cadence_s)
      FROM (SELECT version.code, version.effective_from, first_day + d.n AS day
              FROM (SELECT s.code, s.effective_from,
                           lead(s.effective_from) OVER (PARTITION BY s.code ORDER BY s.effective_from) AS followed_from
                      FROM stations AS s) AS version
              JOIN generate_series(0, last_day - first_day) AS d (n)
                ON version.effective_from <= first_day + d.n
               AND (version.followed_from IS NULL OR version.followed_from > first_day + d.n)) AS described
      JOIN sensors ON sensors.station = described.code AND sensors.effective_from = described.effective_from
     CROSS JOIN LATERAL (
            SELECT extract(epoch FROM least(now(), (described.day + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh')
                                      - described.day::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh')::float8 AS s
           ) AS elapsed
     CROSS JOIN LATERAL (SELECT greatest(3600 / sensors.cadence_s, 1) AS readings) AS most
      LEFT JOIN reading_days AS sums
        ON sums.station = described.code AND sums.parameter = sensors.parameter AND sums.day = described.day
       AND sums.day BETWEEN first_day AND last_day
     CROSS JOIN LATERAL (
            SELECT coalesce(sum(least(h.total_count, most.readings)), 0) AS total_count,
                   coalesce(sum(least(h.usable_count, most.readings)), 0) AS usable_count
              FROM reading_hours AS h
             WHERE (sums.busiest_hour <= most.readings) IS NOT TRUE
               AND h.station = described.code AND h.parameter = sensors.parameter
               AND h.hour_start >= described.day::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
               AND h.hour_start < (described.day + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
           ) AS hours
     WHERE elapsed.s > 0
$$;

-- Of the sensors that are asked for alone, each read once, and not once for each day.
DROP FUNCTION daily_loads(date, date, text[]);
CREATE FUNCTION daily_loads(
    first_day date, last_day date, of_stations text[] DEFAULT NULL, of_parameters text[] DEFAULT NULL
) RETURNS TABLE (station text, day date, parameter text, amount double precision, unit text)
LANGUAGE sql STABLE SET search_path = public AS $$
    WITH described AS MATERIALIZED (
        SELECT DISTINCT ON (s.code, d.day) s.code, s.effective_from, d.day::date AS day
          FROM generate_series(first_day::timestamp, last_day::timestamp, '1 day') AS d (day)
          JOIN stations AS s ON s.effective_from <= d.day AND (of_stations IS NULL OR s.code = ANY (of_stations))
         ORDER BY s.code, d.day, s.effective_from DESC
    ), measured AS MATERIALIZED (
        SELECT h.station, h.parameter, h.hour_start, (h.hour_start AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day,
               (h.usable_sum / h.usable_count)::float8 AS mean, h.usable_count
          FROM (SELECT DISTINCT s.station, s.parameter
                  FROM sensors AS s
                  JOIN described ON described.code = s.station
                 WHERE of_parameters IS NULL OR s.parameter = ANY (of_parameters) OR s.parameter = 'Flow') AS key
         CROSS JOIN LATERAL (
                SELECT * FROM reading_hours AS r
                 WHERE r.station = key.station AND r.parameter = key.parameter AND r.usable_count > 0
                   AND r.hour_start >= first_day::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
                   AND r.hour_start < (last_day + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
                OFFSET 0
               ) AS h
    ), hours AS (
        SELECT described.code, described.day, sensors.parameter, lower(sensors.unit) AS unit, h.hour_start, h.mean,
               h.mean * least(h.usable_count * sensors.cadence_s / 3600, 1)
                   * CASE lower(sensors.unit) WHEN 'm3/h' THEN 1 WHEN 'm³/h' THEN 1 WHEN 'l/s' THEN 3.6
                                              WHEN 'm3/d' THEN 1 / 24.0 WHEN 'm³/d' THEN 1 / 24.0
                                              WHEN 'm3/ngày' THEN 1 / 24.0 WHEN 'm³/ngày' THEN 1 / 24.0 END AS m3
          FROM described
          JOIN sensors ON sensors.station = described.code AND sensors.effective_from = described.effective_from
          JOIN measured AS h ON h.station = described.code AND h.day = described.day AND h.parameter = sensors.parameter
    ), beside AS (
        SELECT *, max(m3) FILTER (WHERE hours.parameter = 'Flow') OVER (PARTITION BY hours.code, hours.hour_start) AS discharged
          FROM hours
    )
    -- A load needs the discharge beside it, whether the discharge itself is asked for or not.
    SELECT code, beside.day, beside.parameter,
           CASE WHEN beside.parameter IN ('Flow', 'Flow_in') THEN sum(m3) ELSE sum(discharged * mean) / 1000 END,
           CASE WHEN beside.parameter IN ('Flow', 'Flow_in') THEN 'm³' ELSE 'kg' END
      FROM beside
     WHERE (of_parameters IS NULL OR beside.parameter = ANY (of_parameters))
       AND CASE WHEN beside.parameter IN ('Flow', 'Flow_in') THEN m3 IS NOT NULL
                ELSE discharged IS NOT NULL AND beside.unit IN ('mg/l', 'mg/l as n', 'mg/l as p', 'g/m3', 'g/m³') END
     GROUP BY code, beside.day, beside.parameter
$$;
COMMENT ON FUNCTION daily_loads IS 'Flow and Flow_in in m³, every other parameter in kg; equal to the table flows of reports.';

-- What the tables of compliance count: the findings of days; those that exceeded have an index of their own.
CREATE INDEX judgements_days ON judgements (window_start) WHERE "window" = 'day';
-- Hours come in the order of time, so that an index of a few pages finds those of a week.
CREATE INDEX reading_hours_time ON reading_hours USING brin (hour_start) WITH (pages_per_range = 16, autosummarize = on);
