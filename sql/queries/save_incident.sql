INSERT INTO incidents (
    id, topic, state, extent, severity, opened_at, spread_at, outage, holder, acted_at, snoozed_until, resolved_at,
    closed_at, cause, cause_text, paged_at, paged_severity, end_sent, rest_sent, held, relapses, flapping,
    chain_policy, chain_step, chain_round, chain_due_at, digest, reason, closed_by, follows
)
OVERRIDING SYSTEM VALUE
VALUES (
    %(id)s, %(topic)s, %(state)s, %(extent)s, %(severity)s, %(opened_at)s, %(spread_at)s, %(outage)s, %(holder)s,
    %(acted_at)s, %(snoozed_until)s, %(resolved_at)s, %(closed_at)s, %(cause)s, %(cause_text)s, %(paged_at)s,
    %(paged_severity)s, %(end_sent)s, %(rest_sent)s, %(held)s, %(relapses)s, %(flapping)s, %(chain_policy)s,
    %(chain_step)s, %(chain_round)s, %(chain_due_at)s, %(digest)s, %(reason)s, %(closed_by)s, %(follows)s
)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, extent = excluded.extent, severity = excluded.severity, spread_at = excluded.spread_at,
    holder = excluded.holder, acted_at = excluded.acted_at, snoozed_until = excluded.snoozed_until,
    resolved_at = excluded.resolved_at, closed_at = excluded.closed_at, cause = excluded.cause,
    cause_text = excluded.cause_text, paged_at = excluded.paged_at, paged_severity = excluded.paged_severity,
    end_sent = excluded.end_sent, rest_sent = excluded.rest_sent, held = excluded.held,
    relapses = excluded.relapses, flapping = excluded.flapping, chain_policy = excluded.chain_policy,
    chain_step = excluded.chain_step, chain_round = excluded.chain_round, chain_due_at = excluded.chain_due_at,
    digest = excluded.digest, reason = excluded.reason, closed_by = excluded.closed_by
