-- As they were known at an instant: what a station sent otherwise afterwards is shown as it had been. The score and the
-- reasons of a reading that was replaced are not kept.
SELECT readings.parameter, readings.observed_at,
       CASE WHEN known.id IS NULL THEN readings.value ELSE known.value END,
       coalesce(known.flag, readings.flag),
       coalesce(known.status, readings.status),
       readings.late,
       CASE WHEN known.id IS NULL THEN readings.score END,
       CASE WHEN known.id IS NULL THEN readings.reasons END,
       known.id IS NOT NULL
  FROM readings
  LEFT JOIN LATERAL (
       SELECT id, value, flag, status
         FROM reading_revisions
        WHERE (reading_revisions.station, reading_revisions.parameter, reading_revisions.observed_at)
              = (readings.station, readings.parameter, readings.observed_at)
          AND replaced_at > %(known_at)s
        ORDER BY replaced_at, id
        LIMIT 1
       ) AS known ON true
 WHERE readings.station = %(station)s AND readings.observed_at >= %(since)s AND readings.observed_at <= %(until)s
 ORDER BY readings.observed_at, readings.parameter
