WITH opened AS (
    INSERT INTO alerts (
        station, parameter, rule, kind, severity, opened_at, since, value, peak_value,
        limit_minimum, limit_maximum, limit_source, explanation_vi, explanation_en, page, retrospective,
        triage, triage_probability, triage_reasons_vi, triage_reasons_en
    )
    VALUES (
        %(station)s, %(parameter)s, %(rule)s, %(alert_kind)s, %(severity)s, %(observed_at)s, %(since)s, %(value)s,
        %(value)s, %(limit_minimum)s, %(limit_maximum)s, %(limit_source)s, %(explanation_vi)s, %(explanation_en)s,
        %(page)s, %(reason)s = 'retrospective', %(triage)s, %(triage_probability)s,
        %(triage_reasons_vi)s::text[], %(triage_reasons_en)s::text[]
    )
    ON CONFLICT (station, parameter, rule) WHERE resolved_at IS NULL DO NOTHING
    RETURNING id
)
INSERT INTO alert_transitions (alert_id, kind, reason, observed_at, value, severity)
SELECT id, %(kind)s, %(reason)s, %(observed_at)s, %(value)s, %(severity)s FROM opened
RETURNING alert_id, id
