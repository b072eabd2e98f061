WITH changed AS (
    UPDATE alerts SET
        severity = %(severity)s,
        page = page OR %(page)s,
        explanation_vi = coalesce(nullif(%(explanation_vi)s, ''), explanation_vi),
        explanation_en = coalesce(nullif(%(explanation_en)s, ''), explanation_en),
        triage = coalesce(%(triage)s, triage),
        triage_probability = coalesce(%(triage_probability)s, triage_probability),
        triage_reasons_vi = coalesce(%(triage_reasons_vi)s::text[], triage_reasons_vi),
        triage_reasons_en = coalesce(%(triage_reasons_en)s::text[], triage_reasons_en)
     WHERE station = %(station)s AND parameter = %(parameter)s AND rule = %(rule)s AND resolved_at IS NULL
       AND severity <> %(severity)s
    RETURNING id
)
INSERT INTO alert_transitions (alert_id, kind, reason, observed_at, value, severity)
SELECT id, %(kind)s, %(reason)s, %(observed_at)s, %(value)s, %(severity)s FROM changed
ON CONFLICT (alert_id, kind, observed_at) DO NOTHING
RETURNING alert_id, id
