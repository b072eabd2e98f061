INSERT INTO stations AS kept (
    code, effective_from, name_vi, name_en, kind, park, operator, longitude, latitude, old_codes,
    permit_flow_m3_per_day, limit_set, kq, kf, permit_limits, contacts, illustration, logger, effective_to,
    channels
)
VALUES (
    %(code)s, %(effective_from)s, %(name_vi)s, %(name_en)s, %(kind)s, %(park)s, %(operator)s, %(longitude)s,
    %(latitude)s, %(old_codes)s, %(permit_flow_m3_per_day)s, %(limit_set)s, %(kq)s, %(kf)s, %(permit_limits)s,
    %(contacts)s, %(illustration)s, %(logger)s, %(effective_to)s,
    %(channels)s
)
ON CONFLICT (code, effective_from) DO UPDATE SET
    name_vi = excluded.name_vi,
    name_en = excluded.name_en,
    kind = excluded.kind,
    park = excluded.park,
    operator = excluded.operator,
    longitude = excluded.longitude,
    latitude = excluded.latitude,
    old_codes = excluded.old_codes,
    permit_flow_m3_per_day = excluded.permit_flow_m3_per_day,
    limit_set = excluded.limit_set,
    kq = excluded.kq,
    kf = excluded.kf,
    permit_limits = excluded.permit_limits,
    contacts = excluded.contacts,
    illustration = excluded.illustration,
    logger = excluded.logger,
    effective_to = excluded.effective_to,
    channels = excluded.channels
