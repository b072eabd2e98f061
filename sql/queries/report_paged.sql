-- The first transition of an alert, other than its end, for which anybody was notified: its instant, and the delivery.
SELECT alert_transitions.observed_at, min(outbox.sent_at)
  FROM outbox
  JOIN alert_transitions ON alert_transitions.id = outbox.transition_id
 WHERE outbox.alert_id = %(id)s AND alert_transitions.kind <> 'resolved'
 GROUP BY alert_transitions.id
 ORDER BY alert_transitions.id
 LIMIT 1
