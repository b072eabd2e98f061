-- The first acknowledgement counts; a second one changes nothing.
UPDATE alerts
   SET acknowledged_at = coalesce(acknowledged_at, %(now)s),
       acknowledged_by = coalesce(acknowledged_by, %(officer)s)
 WHERE id = %(id)s
RETURNING acknowledged_by
