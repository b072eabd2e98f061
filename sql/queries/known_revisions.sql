-- Readings of a period for which another number came until an instant, each with the number that came next. The reading
-- itself is looked up one by one, by its key: joined as a set, fresh statistics are the difference of 20 ms and minutes.
WITH every AS MATERIALIZED (
    SELECT revised.id, revised.parameter, revised.observed_at, revised.value, revised.status, revised.replaced_at,
           revised.replaced_by_partition, revised.replaced_by_offset,
           lead(true) OVER versions AS replaced_again,
           lead(revised.value) OVER versions AS next_value,
           lead(revised.status) OVER versions AS next_status
      FROM reading_revisions AS revised
     WHERE revised.station = %(station)s
       AND revised.observed_at >= %(since)s AND revised.observed_at < %(until)s
    WINDOW versions AS (
        PARTITION BY revised.parameter, revised.observed_at ORDER BY revised.replaced_at, revised.id
    )
)
SELECT parameter, observed_at, value, status,
       CASE WHEN replaced_again THEN next_value ELSE kept.kept_value END,
       CASE WHEN replaced_again THEN next_status ELSE kept.kept_status END,
       replaced_at, replaced_by_partition, replaced_by_offset
  FROM every
  JOIN LATERAL (
       SELECT readings.value AS kept_value, readings.status AS kept_status
         FROM readings
        WHERE readings.station = %(station)s
          AND readings.parameter = every.parameter AND readings.observed_at = every.observed_at
       OFFSET 0
       ) AS kept ON true
 WHERE replaced_at <= %(as_of)s
 ORDER BY observed_at, parameter, replaced_at, id
