SELECT code, effective_from, name_vi, name_en, kind, park, operator, longitude, latitude, old_codes,
       permit_flow_m3_per_day, limit_set, kq, kf, permit_limits, illustration, logger, effective_to, channels
  FROM stations
 ORDER BY code, effective_from
