INSERT INTO incident_alerts (incident_id, alert_id, transition_id, joined_at, counts, park)
VALUES (%(incident_id)s, %(alert_id)s, %(transition_id)s, %(joined_at)s, %(counts)s, %(park)s)
ON CONFLICT (alert_id) DO NOTHING
