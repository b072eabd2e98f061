-- What each message is about: one alert, or the alerts of its incident that tell officers and were there by then.
SELECT o.message_id,
       CASE WHEN o.incident_id IS NULL THEN ARRAY[o.alert_id]
            ELSE ARRAY(SELECT m.alert_id FROM incident_alerts AS m JOIN alerts AS a ON a.id = m.alert_id
                        WHERE m.incident_id = o.incident_id AND (a.page OR m.pages)
                          AND m.joined_at <= o.created_at) END
  FROM outbox AS o
 WHERE o.created_at >= %(since)s AND (o.alert_id IS NOT NULL OR o.incident_id IS NOT NULL)
