INSERT INTO incident_transitions (transition_id, incident_id, reason, at)
VALUES (%(transition_id)s, %(incident_id)s, %(reason)s, %(at)s)
