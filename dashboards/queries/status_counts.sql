SELECT count(*) FILTER (WHERE rank = 7) AS incident,
       count(*) FILTER (WHERE rank = 3) AS exceed,
       count(*) FILTER (WHERE rank = 5) AS error,
       count(*) FILTER (WHERE rank = 6) AS offline,
       count(*) FILTER (WHERE rank = 2) AS preparing,
       count(*) FILTER (WHERE rank = 1) AS tendency,
       count(*) FILTER (WHERE rank = 4) AS adjusting,
       count(*) FILTER (WHERE rank = 0) AS good
  FROM station_statuses
 WHERE code IN (${stations:sqlstring})
