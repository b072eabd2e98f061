SELECT record_alert_cause(%(id)s, %(cause)s, %(officer)s)
