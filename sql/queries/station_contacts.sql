SELECT DISTINCT unnest(s.contacts)
  FROM stations s
  JOIN current_stations c ON c.code = s.code AND c.effective_from = s.effective_from
 WHERE s.code = ANY(%(stations)s)
