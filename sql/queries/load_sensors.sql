SELECT station, effective_from, parameter, unit, cadence_s, aliases, convert_rate, qc
  FROM sensors
 ORDER BY station, effective_from, position
