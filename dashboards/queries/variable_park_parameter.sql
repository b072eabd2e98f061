SELECT sensor.parameter || coalesce(' (' || nullif(min(sensor.unit), '') || ')', '') AS __text,
       sensor.parameter AS __value
  FROM current_sensors AS sensor
  JOIN current_stations AS station ON station.code = sensor.station
 WHERE station.park = ${park:sqlstring} AND sensor.parameter NOT IN ('Flow', 'Flow_in')
 GROUP BY sensor.parameter
 ORDER BY sensor.parameter
