SELECT name_vi || ' · ' || code AS __text,
       code AS __value
  FROM current_stations
 ORDER BY code
