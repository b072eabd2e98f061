UPDATE alerts
   SET closed_cause = %(cause)s,
       acknowledged_at = coalesce(acknowledged_at, %(now)s),
       acknowledged_by = coalesce(acknowledged_by, %(officer)s)
 WHERE id = %(id)s
RETURNING id
