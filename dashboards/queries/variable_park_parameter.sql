SELECT DISTINCT sensor.parameter AS __text,
       sensor.parameter AS __value
  FROM current_sensors AS sensor
  JOIN current_stations AS station ON station.code = sensor.station
 WHERE station.park = ${park:sqlstring} AND sensor.parameter NOT IN ('Flow', 'Flow_in')
 ORDER BY 1
