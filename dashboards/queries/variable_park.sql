SELECT DISTINCT park AS __text,
       park AS __value
  FROM current_stations
 WHERE park IS NOT NULL
 ORDER BY 1
