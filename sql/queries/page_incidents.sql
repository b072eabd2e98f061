-- Incidents, the newest first; only those of some stations, where they are named.
SELECT id, topic, opened_at, spread_at, state, extent, outage, holder, acted_at, snoozed_until, resolved_at, closed_at,
       cause, cause_text, paged_at, paged_severity, end_sent, rest_sent, held, relapses, flapping,
       chain_policy, chain_step, chain_round, chain_due_at, digest, reason, closed_by,
       closing_of(follows)
  FROM incidents i
 WHERE (NOT %(only_active)s OR state IN ('open', 'acknowledged', 'snoozed'))
   AND (%(before)s::bigint IS NULL OR id < %(before)s)
   AND (%(stations)s::text[] IS NULL OR EXISTS (
        SELECT FROM incident_alerts m JOIN alerts a ON a.id = m.alert_id
         WHERE m.incident_id = i.id AND a.station = ANY (%(stations)s)))
 ORDER BY id DESC
 LIMIT %(limit)s
