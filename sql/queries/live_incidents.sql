-- Those that somebody has to do with, and those that ended a short while ago or hold an alert that lasts.
SELECT id, topic, opened_at, spread_at, state, extent, outage, holder, acted_at, snoozed_until, resolved_at, closed_at,
       cause, cause_text, paged_at, paged_severity, end_sent, rest_sent, held, relapses, flapping,
       chain_policy, chain_step, chain_round, chain_due_at, digest, reason, closed_by,
       closing_of(follows)
  FROM incidents
 WHERE id = ANY (ARRAY(  -- of an array few are expected, so that the key is asked and not the whole table
           SELECT id FROM incidents WHERE state IN ('open', 'acknowledged', 'snoozed')
            UNION
           SELECT id FROM incidents
            WHERE state IN ('resolved', 'closed') AND coalesce(closed_at, resolved_at) > %(ended_after)s
            UNION
           SELECT m.incident_id FROM alerts AS a JOIN incident_alerts AS m ON m.alert_id = a.id
            WHERE a.resolved_at IS NULL))
 ORDER BY id
   FOR UPDATE
