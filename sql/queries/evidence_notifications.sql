SELECT * FROM incident_notifications(%(id)s)
