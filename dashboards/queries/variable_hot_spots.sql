SELECT short_name(name_vi) || ' · ' || code AS __text,
       code AS __value
  FROM current_stations
 WHERE kind = 'surface_water'
 ORDER BY code
