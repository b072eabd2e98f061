-- Messages that began or renewed a page: of single alerts, and of incidents with all their alerts that tell officers.
SELECT o.id, coalesce(o.sent_at, o.created_at),
       CASE WHEN o.incident_id IS NULL THEN ARRAY[o.alert_id]
            ELSE ARRAY(SELECT m.alert_id FROM incident_alerts AS m JOIN alerts AS a ON a.id = m.alert_id
                        WHERE m.incident_id = o.incident_id AND (a.page OR m.pages)) END,
       o.subject
  FROM outbox AS o
  LEFT JOIN alert_transitions AS t ON t.id = o.transition_id
 WHERE o.created_at >= %(start)s AND o.withdrawn_at IS NULL
   AND (t.kind IN ('opened', 'escalated') OR o.notice = 'page')
   AND EXISTS (SELECT FROM alerts AS a
                WHERE a.station = ANY (%(stations)s)
                  AND (a.id = o.alert_id
                       OR a.id IN (SELECT m.alert_id FROM incident_alerts AS m WHERE m.incident_id = o.incident_id)))
 ORDER BY o.id
