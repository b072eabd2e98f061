-- Those that somebody has to do with, and those that ended a short while ago: a relapse opens them again.
SELECT id, topic, opened_at, spread_at, state, extent, outage, holder, acted_at, snoozed_until, resolved_at, closed_at,
       cause, cause_text, paged_at, paged_severity, end_sent, rest_sent, held, relapses, flapping,
       chain_policy, chain_step, chain_round, chain_due_at, digest, reason
  FROM incidents
 WHERE state IN ('open', 'acknowledged', 'snoozed')
    OR (state IN ('resolved', 'closed') AND coalesce(closed_at, resolved_at) > %(ended_after)s)
 ORDER BY id
   FOR UPDATE
