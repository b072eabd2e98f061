SELECT short_name(name_vi) || CASE WHEN count(*) OVER (PARTITION BY short_name(name_vi)) > 1 THEN ' · ' || code ELSE '' END AS __text,
       code AS __value
  FROM current_stations
 WHERE kind = 'surface_water'
 ORDER BY code
