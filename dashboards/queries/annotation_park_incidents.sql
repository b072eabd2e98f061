SELECT incident.opened_at AS time,
       coalesce(incident.resolved_at, incident.closed_at, now()) AS timeend,
       'Sự cố ' || incident.id || ': ' || string_agg(DISTINCT concat_ws(' ', short_name(station.name_vi), nullif(alert.parameter, '')), ', ') AS text,
       incident.severity AS tags
  FROM incidents AS incident
  JOIN incident_alerts AS member ON member.incident_id = incident.id
  JOIN alerts AS alert ON alert.id = member.alert_id
  JOIN current_stations AS station ON station.code = alert.station
 WHERE incident.opened_at <= $__timeTo()::timestamptz
   AND coalesce(incident.resolved_at, incident.closed_at, now()) >= $__timeFrom()::timestamptz
   AND station.park = ${park:sqlstring}
 GROUP BY incident.id
 ORDER BY 1
