-- Loads of each day as reports have them: volume = Σ hourly mean flow × part of the hour with usable data, load = Σ
-- hourly volume × hourly mean concentration, of hours that have both. What is missing is not filled.
CREATE FUNCTION daily_loads(first_day date, last_day date)
RETURNS TABLE (station text, day date, parameter text, amount double precision, unit text)
LANGUAGE sql STABLE AS $$
    WITH described AS (
        SELECT DISTINCT ON (s.code, d.day) s.code, s.effective_from, d.day::date AS day
          FROM generate_series(first_day::timestamp, last_day::timestamp, '1 day') AS d (day)
          JOIN stations AS s ON s.effective_from <= d.day
         ORDER BY s.code, d.day, s.effective_from DESC
    ), hours AS (
        SELECT described.code, described.day, sensors.parameter, lower(sensors.unit) AS unit, h.hour_start,
               (h.usable_sum / h.usable_count)::float8 AS mean,
               least(h.usable_count * sensors.cadence_s / 3600, 1) AS covered
          FROM described
          JOIN sensors ON sensors.station = described.code AND sensors.effective_from = described.effective_from
          JOIN reading_hours AS h
            ON h.station = described.code AND h.parameter = sensors.parameter AND h.usable_count > 0
           AND h.hour_start >= described.day::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
           AND h.hour_start < (described.day + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh'
    ), volumes AS (
        SELECT hours.code, hours.day, hours.parameter, hours.hour_start, hours.mean * hours.covered * factor.m3_per_h AS m3
          FROM hours
          JOIN (VALUES ('m3/h', 1.0), ('m³/h', 1.0), ('m3/d', 1 / 24.0), ('m³/d', 1 / 24.0), ('m3/ngày', 1 / 24.0),
                       ('m³/ngày', 1 / 24.0), ('l/s', 3.6)) AS factor (unit, m3_per_h) ON factor.unit = hours.unit
         WHERE hours.parameter IN ('Flow', 'Flow_in')
    )
    SELECT code, day, parameter, sum(m3), 'm³' FROM volumes GROUP BY code, day, parameter
    UNION ALL
    SELECT volumes.code, volumes.day, hours.parameter, sum(volumes.m3 * hours.mean) / 1000, 'kg'
      FROM volumes
      JOIN hours ON hours.code = volumes.code AND hours.hour_start = volumes.hour_start
     WHERE volumes.parameter = 'Flow'
       AND hours.unit IN ('mg/l', 'mg/l as n', 'mg/l as p', 'g/m3', 'g/m³')
     GROUP BY volumes.code, volumes.day, hours.parameter
$$;
COMMENT ON FUNCTION daily_loads IS 'Flow and Flow_in in m³, every other parameter in kg; equal to the table flows of reports.';

-- When an incident was told and when somebody took it.
CREATE VIEW incident_handling AS
SELECT incident.id, incident.topic, incident.state, incident.severity, incident.opened_at, incident.paged_at,
       incident.holder, incident.cause, coalesce(incident.closed_at, incident.resolved_at) AS ended_at,
       taken.at AS taken_at, members.stations, members.places, members.parameters
  FROM incidents AS incident
  LEFT JOIN LATERAL (
        SELECT min(event.at) AS at
          FROM incident_events AS event
         WHERE event.incident_id = incident.id AND event.actor <> ''
           AND event.what IN ('acknowledge', 'assign', 'snooze', 'close')
       ) AS taken ON true
  LEFT JOIN LATERAL (
        SELECT array_agg(DISTINCT alert.station) AS stations,
               string_agg(DISTINCT short_name(coalesce(station.name_vi, alert.station)), ', ') AS places,
               string_agg(DISTINCT nullif(alert.parameter, ''), ', ') AS parameters
          FROM incident_alerts AS member
          JOIN alerts AS alert ON alert.id = member.alert_id
          LEFT JOIN current_stations AS station ON station.code = alert.station
         WHERE member.incident_id = incident.id
       ) AS members ON true;

-- The park that the wall shows at this moment: each for half a minute, the hot spots as the last.
CREATE VIEW wall_turn AS
SELECT turns.park
  FROM (SELECT park, row_number() OVER (ORDER BY park NULLS LAST) - 1 AS turn, count(*) OVER () AS turns
          FROM (SELECT DISTINCT park FROM current_stations) AS parks) AS turns
 WHERE turns.turn = floor(extract(epoch FROM now()) / 30)::bigint % turns.turns;
COMMENT ON VIEW wall_turn IS 'park NULL: the stations that belong to no park.';
