-- Upper edge of the histogram's bucket in which the quantile lies: at most 10 % above the true one.
WITH counts AS (
    SELECT $__timeGroupAlias(minute, $__interval),
           bucket,
           sum(readings) AS readings
      FROM delays
     WHERE $__timeFilter(minute)
     GROUP BY 1, 2
),
cumulated AS (
    SELECT "time",
           bucket,
           sum(readings) OVER (PARTITION BY "time" ORDER BY bucket) AS up_to,
           sum(readings) OVER (PARTITION BY "time") AS total
      FROM counts
)
SELECT "time",
       0.001 * power(1.1, 1 + min(bucket) FILTER (WHERE up_to >= 0.50 * total))::float8 AS p50,
       0.001 * power(1.1, 1 + min(bucket) FILTER (WHERE up_to >= 0.99 * total))::float8 AS p99
  FROM cumulated
 GROUP BY "time"
 ORDER BY "time"
