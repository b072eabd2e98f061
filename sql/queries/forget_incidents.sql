-- Their incidents are over, and dated so long ago that what begins now is no relapse of them.
UPDATE incidents
   SET state = 'closed', cause = coalesce(cause, 'drill'), snoozed_until = NULL, chain_policy = NULL,
       resolved_at = %(now)s::timestamptz - INTERVAL '2 days', closed_at = %(now)s::timestamptz - INTERVAL '2 days'
 WHERE coalesce(closed_at, resolved_at, 'infinity') > %(now)s::timestamptz - INTERVAL '2 days'
   AND id IN (SELECT m.incident_id FROM incident_alerts AS m JOIN alerts AS a ON a.id = m.alert_id
               WHERE a.station = ANY (%(stations)s::text[]))
