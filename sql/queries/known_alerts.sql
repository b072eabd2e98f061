-- Alerts of a station whose condition held in a period, with what was known of them at an instant.
SELECT alert.id, alert.parameter, alert.rule,
       (SELECT severity
          FROM alert_transitions
         WHERE alert_id = alert.id AND kind <> 'resolved' AND created_at <= %(as_of)s
         ORDER BY array_position(ARRAY['info', 'warning', 'high', 'critical'], severity) DESC
         LIMIT 1),
       alert.since,
       (SELECT min(sent_at)
          FROM outbox
         WHERE sent_at <= %(as_of)s
           AND (alert_id = alert.id
                OR id IN (SELECT o.id FROM incident_alerts AS m JOIN outbox AS o USING (incident_id)
                           WHERE m.alert_id = alert.id AND o.notice IN ('page', 'update')
                             AND o.created_at >= m.joined_at))),
       CASE WHEN alert.acknowledged_at <= %(as_of)s THEN alert.acknowledged_at END,
       CASE WHEN alert.acknowledged_at <= %(as_of)s THEN alert.acknowledged_by END,
       ended.observed_at,
       opened.value,
       CASE WHEN ended.observed_at IS NOT NULL THEN alert.peak_value END,
       alert.limit_maximum, alert.limit_minimum,
       (SELECT cause
          FROM alert_causes
         WHERE alert_id = alert.id AND recorded_at <= %(as_of)s
         ORDER BY id DESC
         LIMIT 1)
  FROM alerts AS alert
  JOIN alert_transitions AS opened
    ON opened.alert_id = alert.id AND opened.kind = 'opened' AND opened.created_at <= %(as_of)s
  LEFT JOIN LATERAL (
        SELECT max(observed_at) AS observed_at
          FROM alert_transitions
         WHERE alert_id = alert.id AND kind = 'resolved' AND created_at <= %(as_of)s
       ) AS ended ON true
 WHERE alert.station = %(station)s
   AND alert.since < %(until)s
   AND (ended.observed_at IS NULL OR ended.observed_at >= %(since)s)
 ORDER BY alert.since, alert.id
