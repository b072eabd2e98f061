-- Consecutive readings of a sensor with the same status other than measuring, as they were known at an instant.
WITH numbered AS (
    SELECT parameter, status, observed_at, row_number() OVER (PARTITION BY parameter ORDER BY observed_at) AS place
      FROM readings_as_of(%(station)s, %(since)s, %(until)s, %(as_of)s)
), stretches AS (
    SELECT parameter, status, observed_at,
           place - row_number() OVER (PARTITION BY parameter, status ORDER BY observed_at) AS stretch
      FROM numbered
     WHERE status <> '00'
)
SELECT parameter, status, min(observed_at), max(observed_at), count(*)
  FROM stretches
 GROUP BY parameter, status, stretch
 ORDER BY min(observed_at), parameter
