-- Readings of a period for which another number came until an instant, each with the number that came next.
WITH every AS (
    SELECT revised.*,
           lead(revised.value, 1, kept.value) OVER versions AS new_value,
           lead(revised.status, 1, kept.status) OVER versions AS new_status
      FROM reading_revisions AS revised
      JOIN readings AS kept USING (station, parameter, observed_at)
     WHERE revised.station = %(station)s
       AND revised.observed_at >= %(since)s AND revised.observed_at < %(until)s
    WINDOW versions AS (
        PARTITION BY revised.parameter, revised.observed_at ORDER BY revised.replaced_at, revised.id
    )
)
SELECT parameter, observed_at, value, status, new_value, new_status, replaced_at,
       replaced_by_partition, replaced_by_offset
  FROM every
 WHERE replaced_at <= %(as_of)s
 ORDER BY observed_at, parameter, replaced_at, id
