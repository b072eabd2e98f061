-- Each sensor once, and one of each station before the second of any: a slug does not hide what else is urgent.
WITH urgent AS (
    SELECT alert.*, handling.taken_by,
           array_position(ARRAY['critical', 'high'], alert.severity) AS gravity
      FROM alerts AS alert
      JOIN alert_handling AS handling ON handling.alert_id = alert.id
     WHERE alert.resolved_at IS NULL AND handling.urgent
), of_sensors AS (
    SELECT DISTINCT ON (station, parameter) *
      FROM urgent
     ORDER BY station, parameter, gravity, kind = 'limit' DESC, since DESC
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY station ORDER BY gravity, since DESC) AS of_station FROM of_sensors
)
SELECT concat_ws(' ', nullif(alert.parameter, ''),
                 concat_ws(' / ', replace(trim_scale(round(coalesce(alert.peak_value, alert.value)::numeric, 1))::text, '.', ','),
                           limit_text(alert.limit_minimum, alert.limit_maximum))) AS value,
       concat_ws(' · ', short_name(coalesce(station.name_vi, alert.station)),
                 to_char(alert.since AT TIME ZONE 'Asia/Ho_Chi_Minh', 'DD/MM HH24:MI'),
                 coalesce(alert.taken_by, 'chưa ai nhận')) AS label
  FROM ranked AS alert
  LEFT JOIN current_stations AS station ON station.code = alert.station
 ORDER BY alert.of_station, alert.gravity, alert.since DESC
 LIMIT 6
