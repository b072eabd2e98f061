-- Descriptions in force while the incident lasted, without contacts.
SELECT code, effective_from, effective_to, name_vi, name_en, kind, park, operator, longitude, latitude, limit_set, kq, kf,
       permit_limits, permit_flow_m3_per_day
  FROM stations
 WHERE code = ANY(%(stations)s)
 ORDER BY code, effective_from
