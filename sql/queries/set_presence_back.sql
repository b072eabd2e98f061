-- Instants of our own clock alone: what stations say of theirs stays.
WITH stations_back AS (
    UPDATE station_presence SET last_received_at = %(now)s WHERE last_received_at > %(beyond)s RETURNING 1
), sensors_back AS (
    UPDATE sensor_presence SET
        received_at = least(received_at, %(now)s),
        usable_at = least(usable_at, %(now)s),
        steady_at = least(steady_at, %(now)s),
        returned_at = least(returned_at, %(now)s),
        defect_at = least(defect_at, %(now)s)
     WHERE greatest(received_at, usable_at, steady_at, returned_at, defect_at) > %(beyond)s RETURNING 1
)
SELECT EXISTS (SELECT 1 FROM stations_back) OR EXISTS (SELECT 1 FROM sensors_back)
