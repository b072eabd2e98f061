-- Those of some stations, or of all (NULL).
SELECT alerts.station, alerts.parameter, alerts.rule, kind, severity, coalesce(level, 0), page, since, opened_at,
       peak_value, latest_readings.observed_at
  FROM alerts
  LEFT JOIN latest_readings USING (station, parameter)
 WHERE resolved_at IS NULL
   AND (%(stations)s::text[] IS NULL OR alerts.station = ANY (%(stations)s::text[]))
 ORDER BY station, parameter, rule
