-- The latest reading of every sensor against its limit; share is value over maximum, 1 or more outside the limits.
latest AS (
    SELECT limits.station,
           limits.parameter,
           limits.unit,
           limits.minimum,
           limits.maximum,
           limits.source,
           reading.observed_at,
           reading.received_at,
           reading.value,
           reading.status,
           reading.flag,
           reading.score,
           reading.score_reason,
           reading.status = '00' AND reading.flag <= 2 AND reading.value IS NOT NULL AS usable,
           CASE WHEN reading.value < limits.minimum THEN 1.0001
                WHEN limits.maximum > 0 THEN reading.value / limits.maximum
           END AS share
      FROM limits
      LEFT JOIN latest_readings AS reading
             ON reading.station = limits.station AND reading.parameter = limits.parameter
)
