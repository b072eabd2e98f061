-- The loads of each day in one pass over the hours, and the readings that a test has marked without reading the others.
DROP FUNCTION daily_loads(date, date);
CREATE FUNCTION daily_loads(first_day date, last_day date, of_stations text[] DEFAULT NULL)
RETURNS TABLE (station text, day date, parameter text, amount double precision, unit text)
LANGUAGE sql STABLE SET search_path = public AS $$
    WITH described AS (
        SELECT DISTINCT ON (s.code, d.day) s.code, s.effective_from, d.day::date AS day
          FROM generate_series(first_day::timestamp, last_day::timestamp, '1 day') AS d (day)
          JOIN stations AS s ON s.effective_from <= d.day AND (of_stations IS NULL OR s.code = ANY (of_stations))
         ORDER BY s.code, d.day, s.effective_from DESC
    ), hours AS (
        SELECT described.code, described.day, sensors.parameter, lower(sensors.unit) AS unit, h.hour_start,
               (h.usable_sum / h.usable_count)::float8 AS mean,
               (h.usable_sum / h.usable_count)::float8 * least(h.usable_count * sensors.cadence_s / 3600, 1)
                   * CASE lower(sensors.unit) WHEN 'm3/h' THEN 1 WHEN 'm³/h' THEN 1 WHEN 'l/s' THEN 3.6
                                              WHEN 'm3/d' THEN 1 / 24.0 WHEN 'm³/d' THEN 1 / 24.0
                                              WHEN 'm3/ngày' THEN 1 / 24.0 WHEN 'm³/ngày' THEN 1 / 24.0 END AS m3
          FROM described
          JOIN sensors ON sensors.station = described.code AND sensors.effective_from = described.effective_from
          JOIN reading_hours AS h
            ON h.station = described.code AND h.parameter = sensors.parameter AND h.usable_count > 0
           AND h.hour_start >= described.day::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
           AND h.hour_start < (described.day + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
    ), beside AS (
        SELECT *, max(m3) FILTER (WHERE hours.parameter = 'Flow') OVER (PARTITION BY hours.code, hours.hour_start) AS discharged
          FROM hours
    )
    SELECT code, beside.day, beside.parameter,
           CASE WHEN beside.parameter IN ('Flow', 'Flow_in') THEN sum(m3) ELSE sum(discharged * mean) / 1000 END,
           CASE WHEN beside.parameter IN ('Flow', 'Flow_in') THEN 'm³' ELSE 'kg' END
      FROM beside
     WHERE CASE WHEN beside.parameter IN ('Flow', 'Flow_in') THEN m3 IS NOT NULL
                ELSE discharged IS NOT NULL AND beside.unit IN ('mg/l', 'mg/l as n', 'mg/l as p', 'g/m3', 'g/m³') END
     GROUP BY code, beside.day, beside.parameter
$$;
COMMENT ON FUNCTION daily_loads IS 'Flow and Flow_in in m³, every other parameter in kg; equal to the table flows of reports.';

CREATE INDEX readings_marked ON readings (observed_at) WHERE reasons IS NOT NULL;
