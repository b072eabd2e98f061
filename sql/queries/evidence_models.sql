SELECT station, model_version, artefact, shadow, problem, changed_at
  FROM station_models
 WHERE station = ANY(%(stations)s)
 ORDER BY station
