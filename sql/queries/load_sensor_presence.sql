-- Of the stations named: when each was last heard, and what is remembered of each sensor (NULL: of none yet).
SELECT station, heard.last_received_at, parameter,
       received_at, observed_at, usable_at, usable_observed_at, usable_run, steady_at, returned_at,
       defect, defect_at, detail, interval_s, interval_run, short_s, declared_s
  FROM unnest(%(stations)s::text[]) AS wanted (station)
  LEFT JOIN station_presence AS heard USING (station)
  LEFT JOIN sensor_presence USING (station)
