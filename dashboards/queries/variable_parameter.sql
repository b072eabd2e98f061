SELECT parameter || coalesce(' (' || nullif(unit, '') || ')', '') AS __text,
       parameter AS __value
  FROM current_sensors
 WHERE station = ${station:sqlstring}
 ORDER BY position
