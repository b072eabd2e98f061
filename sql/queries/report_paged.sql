-- The first transition of an alert, other than its end, for which anybody was notified: its instant, and the delivery.
-- Told by its incident, it is the newest one that the incident's message could know of.
SELECT told.observed_at, min(told.sent_at)
  FROM (SELECT t.id, t.observed_at, o.sent_at
          FROM outbox AS o
          JOIN alert_transitions AS t ON t.id = o.transition_id
         WHERE o.alert_id = %(id)s AND t.kind <> 'resolved'
        UNION ALL
        SELECT t.id, t.observed_at, o.sent_at
          FROM incident_alerts AS m
          JOIN outbox AS o ON o.incident_id = m.incident_id AND o.created_at >= m.joined_at
          JOIN LATERAL (SELECT id, observed_at
                          FROM alert_transitions
                         WHERE alert_id = m.alert_id AND kind <> 'resolved' AND created_at <= o.created_at
                         ORDER BY id DESC
                         LIMIT 1) AS t ON true
         WHERE m.alert_id = %(id)s AND o.notice IN ('page', 'update') AND o.withdrawn_at IS NULL) AS told
 GROUP BY told.id, told.observed_at
 ORDER BY told.id
 LIMIT 1
