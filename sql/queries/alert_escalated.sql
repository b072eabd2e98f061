-- A higher step, also one of equal severity; where the step is not known, another severity; or the first page.
WITH before AS (
    SELECT id, level, severity, page
      FROM alerts
     WHERE station = %(station)s AND parameter = %(parameter)s AND rule = %(rule)s AND resolved_at IS NULL
       FOR UPDATE
), changed AS (
    UPDATE alerts SET
        severity = %(severity)s,
        level = coalesce(nullif(%(level)s::smallint, 0), alerts.level),
        page = alerts.page OR %(page)s,
        explanation_vi = coalesce(nullif(%(explanation_vi)s, ''), explanation_vi),
        explanation_en = coalesce(nullif(%(explanation_en)s, ''), explanation_en),
        triage = coalesce(%(triage)s, triage),
        triage_probability = coalesce(%(triage_probability)s, triage_probability),
        triage_reasons_vi = coalesce(%(triage_reasons_vi)s::text[], triage_reasons_vi),
        triage_reasons_en = coalesce(%(triage_reasons_en)s::text[], triage_reasons_en)
      FROM before
     WHERE alerts.id = before.id
       AND (%(page)s AND NOT before.page
            OR CASE WHEN %(level)s::smallint > 0 AND before.level IS NOT NULL THEN %(level)s::smallint > before.level
                    ELSE before.severity <> %(severity)s END)
    RETURNING alerts.id, %(page)s AND NOT before.page AS paged_now
), noted AS (
    INSERT INTO alert_transitions (alert_id, kind, reason, observed_at, value, severity)
    SELECT id, %(kind)s, %(reason)s, %(observed_at)s, %(value)s, %(severity)s FROM changed
    ON CONFLICT (alert_id, kind, observed_at) DO NOTHING
    RETURNING alert_id, id
)
SELECT noted.alert_id, noted.id, changed.paged_now FROM noted JOIN changed ON changed.id = noted.alert_id
