UPDATE alerts
   SET triage = %(triage)s, triage_probability = %(triage_probability)s,
       triage_reasons_vi = %(triage_reasons_vi)s::text[], triage_reasons_en = %(triage_reasons_en)s::text[],
       explanation_vi = coalesce(%(explanation_vi)s, explanation_vi),
       explanation_en = coalesce(%(explanation_en)s, explanation_en)
 WHERE station = %(station)s AND parameter = %(parameter)s AND rule = %(rule)s AND resolved_at IS NULL
