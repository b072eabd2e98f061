-- Who was paged of the beginning hears of the end, and nobody else.
WITH changed AS (
    UPDATE alerts SET
        resolved_at = greatest(opened_at, %(observed_at)s),
        peak_value = coalesce(%(peak)s::float8, peak_value)
     WHERE station = %(station)s AND parameter = %(parameter)s AND rule = %(rule)s AND resolved_at IS NULL
    RETURNING id, page
), noted AS (
    INSERT INTO alert_transitions (alert_id, kind, reason, observed_at, value, severity)
    SELECT id, %(kind)s, %(reason)s, %(observed_at)s, %(value)s, %(severity)s FROM changed
    ON CONFLICT (alert_id, kind, observed_at) DO NOTHING
    RETURNING alert_id, id
)
SELECT noted.alert_id, noted.id, changed.page FROM noted JOIN changed ON changed.id = noted.alert_id
