-- Changes of alerts that no step has dealt with, oldest first.
SELECT t.id, a.id, a.station, a.parameter, a.rule, a.kind, t.kind, t.severity, t.reason, t.observed_at, a.since,
       t.created_at, a.page, a.retrospective, s.park, a.explanation_vi, a.explanation_en
  FROM alert_transitions t
  JOIN alerts a ON a.id = t.alert_id
  LEFT JOIN current_stations s ON s.code = a.station
 WHERE t.id >= (SELECT first_transition FROM incident_progress)
   AND NOT EXISTS (SELECT FROM incident_transitions d WHERE d.transition_id = t.id)
 ORDER BY t.id
 LIMIT %(limit)s
