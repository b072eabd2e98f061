SELECT station, model_version, artefact, shadow, problem, changed_at FROM station_models ORDER BY station
