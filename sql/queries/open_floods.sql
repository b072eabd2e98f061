SELECT station FROM alerts WHERE rule = %(rule)s AND resolved_at IS NULL ORDER BY station
