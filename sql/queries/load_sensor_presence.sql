-- In the order of SensorPresence.
SELECT station, parameter,
       received_at, observed_at, usable_at, usable_observed_at, usable_run, steady_at, returned_at,
       defect, defect_at, detail, interval_s, interval_run, declared_s, short_s
  FROM sensor_presence
 WHERE station = ANY (%(stations)s::text[])
