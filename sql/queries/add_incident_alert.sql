INSERT INTO incident_alerts (incident_id, alert_id, transition_id, joined_at, counts, park, pages)
VALUES (%(incident_id)s, %(alert_id)s, %(transition_id)s, %(joined_at)s, %(counts)s, %(park)s, %(pages)s)
ON CONFLICT (incident_id, alert_id) DO NOTHING
