-- Drills are left out: a drill's storm holds back no page of a real incident.
SELECT e.at, e.reason
  FROM incident_events AS e
 WHERE e.what = 'page' AND e.at > %(after)s
   AND NOT EXISTS (SELECT FROM incident_alerts AS m JOIN alerts AS a ON a.id = m.alert_id
                    WHERE m.incident_id = e.incident_id AND starts_with(a.station, %(drill)s))
