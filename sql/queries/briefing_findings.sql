SELECT a.id, coalesce(s.unit, ''), a.peak_value, CASE WHEN NOT mean.is THEN r.value END, r.observed_at,
       a.parameter, a.limit_minimum, a.limit_maximum, a.limit_source, mean.is,
       a.triage, a.triage_probability, a.triage_reasons_vi, a.triage_reasons_en,
       paged.paged_at, paged.triage, paged.triage_probability
  FROM alerts AS a
  LEFT JOIN current_sensors AS s ON s.station = a.station AND s.parameter = a.parameter
  LEFT JOIN latest_readings AS r
    ON r.station = a.station AND r.parameter = a.parameter AND r.flag <= 2 AND r.status = '00'
 LEFT JOIN paged_assessments AS paged ON paged.alert_id = a.id
 CROSS JOIN LATERAL (
       SELECT EXISTS (SELECT FROM alert_transitions AS t WHERE t.alert_id = a.id AND t.reason = 'mean_exceeded') AS is
       ) AS mean
 WHERE a.id = ANY (%(alerts)s)
