-- Mails that lead on, and the compliance clock that they, the dashboards and the stations' pages share.

-- Of every sensor with a maximum for the day's mean: where the day leads if the level of the latest hour holds. The
-- same arithmetic as reports/clock.py (tested to be equal). Nothing of a sensor without a usable reading today.
CREATE FUNCTION compliance_clock(at timestamptz, of_stations text[] DEFAULT NULL)
RETURNS TABLE (
    station text, parameter text, unit text, maximum double precision, source text, usable_count integer,
    readings_left integer, mean double precision, level double precision, level_at timestamptz,
    allowance double precision, expected_mean double precision, passed_at timestamptz
) LANGUAGE sql STABLE SET search_path = public AS $$
    WITH today AS (
        SELECT (at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day,
               date_trunc('day', at AT TIME ZONE 'Asia/Ho_Chi_Minh') AT TIME ZONE 'Asia/Ho_Chi_Minh' AS starts
    ), so_far AS (
        SELECT h.station, h.parameter,
               sum(h.usable_sum)::float8 AS total,
               sum(h.usable_count)::integer AS n,
               max(h.hour_start) AS latest,
               (array_agg((h.usable_sum / h.usable_count)::float8 ORDER BY h.hour_start DESC))[1] AS latest_mean
          FROM reading_hours AS h, today
         WHERE h.hour_start >= today.starts AND h.hour_start <= at AND h.hour_start < today.starts + INTERVAL '24 hours'
           AND h.usable_count > 0
           AND (of_stations IS NULL OR h.station = ANY (of_stations))
         GROUP BY h.station, h.parameter
    ), known AS (
        SELECT s.station, s.parameter, sensor.unit, l.maximum, l.source, s.total, s.n, s.latest,
               greatest(floor(extract(epoch FROM today.starts + INTERVAL '24 hours' - at) / sensor.cadence_s), 0)
                   AS remaining,
               CASE WHEN s.latest > at - INTERVAL '2 hours' THEN s.latest_mean END AS held,
               sensor.cadence_s
          FROM so_far AS s
          JOIN current_sensors AS sensor USING (station, parameter)
          JOIN today ON true
          JOIN effective_limits AS l
            ON l.station = s.station AND l.parameter = s.parameter AND l.minimum IS NULL AND l.maximum IS NOT NULL
           AND l.effective_from <= today.day AND (l.effective_to IS NULL OR l.effective_to > today.day)
    ), led AS (
        SELECT known.*,
               (total + held * remaining) / (n + remaining) AS expected,
               maximum * n - total AS room
          FROM known
    )
    SELECT station, parameter, unit, maximum, source, n, remaining::integer, total / n, held, latest,
           (maximum * (n + remaining) - total) / nullif(remaining, 0),
           coalesce(expected, total / n),
           CASE WHEN expected IS NULL OR expected <= maximum THEN NULL
                WHEN room < 0 OR held <= maximum THEN at
                ELSE at + (floor(room / (held - maximum) + 1e-9) + 1) * cadence_s * INTERVAL '1 second'
           END
      FROM led
     ORDER BY station, parameter
$$;
COMMENT ON FUNCTION compliance_clock IS
    'Of a running day: allowance of the rest, mean if the level of the latest hour holds, when it passes the limit.';

-- The first message about an alert to a recipient, which later ones go on from.
CREATE INDEX outbox_first ON outbox (alert_id, recipient, id);
