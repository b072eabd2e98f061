-- From the first page of each incident of a time to its first acknowledgement.
SELECT min(a.at) - min(p.at)
  FROM incidents i
  JOIN incident_events p ON p.incident_id = i.id AND p.what = 'page'
  JOIN incident_events a ON a.incident_id = i.id AND a.what = 'acknowledge'
 WHERE i.opened_at >= %(start)s AND i.opened_at < %(end)s
 GROUP BY i.id
