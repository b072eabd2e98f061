-- The sensors that a message is about, the farthest beyond its limit first, and from when to when to draw them: from
-- three dozen readings before the condition began until the message was written, two days at most.
SELECT a.station, a.parameter, s.unit, min(a.since), min(a.limit_minimum), max(a.limit_maximum), min(s.cadence_s),
       greatest(min(a.since) - 36 * min(s.cadence_s) * INTERVAL '1 second', min(o.created_at) - INTERVAL '2 days'),
       min(o.created_at)
  FROM outbox AS o
  JOIN alerts AS a
    ON a.id = o.alert_id
    OR a.id IN (SELECT m.alert_id FROM incident_alerts AS m WHERE m.incident_id = o.incident_id)
  LEFT JOIN incident_alerts AS own ON own.incident_id = o.incident_id AND own.alert_id = a.id
  JOIN current_sensors AS s ON s.station = a.station AND s.parameter = a.parameter
 WHERE o.id = %(id)s AND a.kind IN ('limit', 'anomaly', 'due', 'fault')
 GROUP BY a.station, a.parameter, s.unit
 ORDER BY bool_or(a.page OR coalesce(own.pages, false)) DESC,
          max(a.peak_value / nullif(a.limit_maximum, 0)) DESC NULLS LAST, min(a.id)
 LIMIT 3
