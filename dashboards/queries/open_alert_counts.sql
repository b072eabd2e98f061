SELECT count(*) FILTER (WHERE handling.urgent AND handling.taken_by IS NULL) AS untaken,
       count(*) FILTER (WHERE handling.urgent AND handling.taken_by IS NOT NULL) AS taken,
       count(*) FILTER (WHERE NOT handling.urgent) AS work_items
  FROM alerts AS alert
  JOIN alert_handling AS handling ON handling.alert_id = alert.id
 WHERE alert.resolved_at IS NULL
   AND alert.station IN (${stations:sqlstring})
