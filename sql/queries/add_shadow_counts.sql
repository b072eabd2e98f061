INSERT INTO shadow_counts AS kept (
    station, active, shadow, since, until, rows, alarms_active, alarms_shadow, pages_active, pages_shadow, rows_both,
    rows_active, rows_shadow
)
VALUES (
    %(station)s, %(active)s, %(shadow)s, %(now)s, %(now)s, %(rows)s, %(alarms_active)s, %(alarms_shadow)s,
    %(pages_active)s, %(pages_shadow)s, %(rows_both)s, %(rows_active)s, %(rows_shadow)s
)
ON CONFLICT (station, active, shadow) DO UPDATE SET
    until = excluded.until,
    rows = kept.rows + excluded.rows,
    alarms_active = kept.alarms_active + excluded.alarms_active,
    alarms_shadow = kept.alarms_shadow + excluded.alarms_shadow,
    pages_active = kept.pages_active + excluded.pages_active,
    pages_shadow = kept.pages_shadow + excluded.pages_shadow,
    rows_both = kept.rows_both + excluded.rows_both,
    rows_active = kept.rows_active + excluded.rows_active,
    rows_shadow = kept.rows_shadow + excluded.rows_shadow
