UPDATE alerts
   SET triage = %(triage)s, triage_probability = %(triage_probability)s,
       explanation_vi = %(explanation_vi)s, explanation_en = %(explanation_en)s
 WHERE station = %(station)s AND parameter = %(parameter)s AND rule = %(rule)s AND resolved_at IS NULL
