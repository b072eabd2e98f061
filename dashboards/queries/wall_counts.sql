SELECT count(*) FILTER (WHERE rank = 7) AS incident,
       count(*) FILTER (WHERE rank = 3) AS exceed,
       count(*) FILTER (WHERE rank = 5) AS error,
       count(*) FILTER (WHERE rank = 6) AS offline,
       count(*) FILTER (WHERE rank IN (1, 2)) AS close,
       count(*) FILTER (WHERE rank IN (0, 4)) AS good
  FROM station_statuses
