SELECT id, topic, opened_at, spread_at, state, extent, outage, holder, acted_at, snoozed_until, resolved_at, closed_at,
       cause, cause_text, first_paged(incidents), paged_severity, end_sent, rest_sent, held, relapses, flapping,
       chain_policy, chain_step, chain_round, chain_due_at, digest, reason, closed_by,
       closing_of(follows)
  FROM incidents
 WHERE id = %(id)s
