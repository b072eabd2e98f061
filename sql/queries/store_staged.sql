-- Inserts what is new, merges exactly that into the sums of its hours and days, and moves the latest readings on.
-- Returns the number of inserted rows with NULLs as a first row; then, only when some row was not inserted, the keys
-- of the inserted ones. A value goes to numeric through its shortest text: float8::numeric rounds to 15 digits.
WITH inserted AS (
    INSERT INTO readings (
        observed_at, received_at, value, raw_offset, raw_partition, score, flag, late,
        station, parameter, status, reasons, score_reason
    )
    SELECT observed_at, received_at, value, raw_offset, raw_partition, score, flag, late,
           station, parameter, status, reasons, score_reason
      FROM staged_readings
     ORDER BY position
    ON CONFLICT (station, parameter, observed_at) DO NOTHING
    RETURNING station, parameter, observed_at, received_at, value, score, flag, status, late, reasons, score_reason
), measured AS (
    SELECT station, parameter, observed_at, late,
           CASE WHEN flag <= 2 AND status = '00' THEN value END AS usable
      FROM inserted
), hour_sums AS (
    SELECT station, parameter,
           date_bin('1 hour', observed_at, '2000-01-01 00:00:00+00') AS hour_start,
           coalesce(sum(usable::text::numeric), 0) AS usable_sum,
           count(usable) AS usable_count,
           count(*) AS total_count,
           count(*) FILTER (WHERE late) AS late_count,
           min(usable) AS minimum,
           max(usable) AS maximum
      FROM measured
     GROUP BY 1, 2, 3
), hours AS (
    INSERT INTO reading_hours AS kept (
        station, parameter, hour_start, usable_sum, usable_count, total_count, late_count, minimum, maximum
    )
    SELECT * FROM hour_sums ORDER BY station, parameter, hour_start
    ON CONFLICT (station, parameter, hour_start) DO UPDATE SET
        usable_sum = kept.usable_sum + excluded.usable_sum,
        usable_count = kept.usable_count + excluded.usable_count,
        total_count = kept.total_count + excluded.total_count,
        late_count = kept.late_count + excluded.late_count,
        minimum = least(kept.minimum, excluded.minimum),
        maximum = greatest(kept.maximum, excluded.maximum),
        dirty = true
    RETURNING station, parameter, hour_start, total_count
), days AS (
    INSERT INTO reading_days AS kept (
        station, parameter, day, usable_sum, usable_count, total_count, late_count, minimum, maximum, busiest_hour
    )
    SELECT station, parameter, (hour_start AT TIME ZONE 'Asia/Ho_Chi_Minh')::date,
           sum(usable_sum), sum(usable_count), sum(hour_sums.total_count), sum(late_count), min(minimum), max(maximum),
           max(hours.total_count)
      FROM hour_sums
      JOIN hours USING (station, parameter, hour_start)
     GROUP BY 1, 2, 3
     ORDER BY 1, 2, 3
    ON CONFLICT (station, parameter, day) DO UPDATE SET
        usable_sum = kept.usable_sum + excluded.usable_sum,
        usable_count = kept.usable_count + excluded.usable_count,
        total_count = kept.total_count + excluded.total_count,
        late_count = kept.late_count + excluded.late_count,
        minimum = least(kept.minimum, excluded.minimum),
        maximum = greatest(kept.maximum, excluded.maximum),
        busiest_hour = greatest(kept.busiest_hour, excluded.busiest_hour),
        dirty = true
), newest AS (
    SELECT station, parameter, max(observed_at) AS observed_at FROM inserted GROUP BY 1, 2
), latest AS (
    INSERT INTO latest_readings AS kept (
        station, parameter, observed_at, received_at, value, score, flag, status, reasons, score_reason
    )
    SELECT station, parameter, observed_at, received_at, value, score, flag, status, reasons, score_reason
      FROM inserted JOIN newest USING (station, parameter, observed_at)
     ORDER BY station, parameter
    ON CONFLICT (station, parameter) DO UPDATE SET
        observed_at = excluded.observed_at,
        received_at = excluded.received_at,
        value = excluded.value,
        score = excluded.score,
        flag = excluded.flag,
        status = excluded.status,
        reasons = excluded.reasons,
        score_reason = excluded.score_reason
     WHERE excluded.observed_at > kept.observed_at
), total AS (
    SELECT count(*) AS inserted, (SELECT count(*) FROM staged_readings) AS staged FROM inserted
)
SELECT NULL AS station, NULL AS parameter, NULL AS observed_at, inserted FROM total
UNION ALL
SELECT station, parameter, observed_at, NULL
  FROM inserted
 WHERE (SELECT inserted < staged FROM total)
