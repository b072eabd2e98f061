-- Replaces readings whose station sent another number for the same instant, and marks their hours and days. The bounds
-- leave the planner the chunks of these instants alone.
WITH revised AS (
    UPDATE readings AS kept SET
        received_at = staged.received_at,
        value = staged.value,
        raw_offset = staged.raw_offset,
        raw_partition = staged.raw_partition,
        score = staged.score,
        flag = staged.flag,
        late = staged.late,
        status = staged.status,
        reasons = staged.reasons,
        score_reason = staged.score_reason
      FROM staged_readings staged
     WHERE staged.position = ANY (%(positions)s::integer[])
       AND kept.station = staged.station
       AND kept.parameter = staged.parameter
       AND kept.observed_at = staged.observed_at
       AND kept.observed_at BETWEEN %(oldest)s::timestamptz AND %(newest)s::timestamptz
    RETURNING kept.*
), hours AS (
    UPDATE reading_hours AS kept SET dirty = true, stale = true
      FROM (SELECT DISTINCT station, parameter,
                   date_bin('1 hour', observed_at, '2000-01-01 00:00:00+00') AS hour_start
              FROM revised) AS bucket
     WHERE (kept.station, kept.parameter, kept.hour_start) = (bucket.station, bucket.parameter, bucket.hour_start)
), days AS (
    UPDATE reading_days AS kept SET dirty = true, stale = true
      FROM (SELECT DISTINCT station, parameter, (observed_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day
              FROM revised) AS bucket
     WHERE (kept.station, kept.parameter, kept.day) = (bucket.station, bucket.parameter, bucket.day)
)
UPDATE latest_readings AS kept SET
    received_at = revised.received_at,
    value = revised.value,
    score = revised.score,
    flag = revised.flag,
    status = revised.status,
    reasons = revised.reasons,
    score_reason = revised.score_reason
  FROM revised
 WHERE (kept.station, kept.parameter, kept.observed_at) = (revised.station, revised.parameter, revised.observed_at)
