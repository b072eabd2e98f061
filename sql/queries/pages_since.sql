SELECT at, reason FROM incident_events WHERE what = 'page' AND at > %(after)s
