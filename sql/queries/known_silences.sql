-- Stretches of a period of which no reading of the station was known at an instant, the ends of the period included.
WITH instants AS (
    SELECT DISTINCT observed_at AS at
      FROM readings_as_of(%(station)s, %(since)s, %(until)s, %(as_of)s)
    UNION SELECT %(since)s::timestamptz
    UNION SELECT least(%(until)s::timestamptz, %(as_of)s::timestamptz)
), steps AS (
    SELECT lag(at) OVER (ORDER BY at) AS earlier, at FROM instants
)
SELECT earlier, at FROM steps WHERE at - earlier > %(silent_after)s ORDER BY earlier
