INSERT INTO station_models (station, model_version, artefact, shadow, problem, changed_at)
VALUES (%(station)s, %(model_version)s, %(artefact)s, %(shadow)s, %(problem)s, %(now)s)
ON CONFLICT (station) DO UPDATE SET
    model_version = excluded.model_version, artefact = excluded.artefact, shadow = excluded.shadow,
    problem = excluded.problem, changed_at = excluded.changed_at
