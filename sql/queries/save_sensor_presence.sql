INSERT INTO sensor_presence AS kept (
    station, parameter, received_at, observed_at, usable_at, usable_observed_at, usable_run, steady_at, returned_at,
    defect, defect_at, detail, interval_s, interval_run, short_s, declared_s
)
SELECT *
  FROM json_to_recordset(%(noted)s::json) AS noted (
       station text, parameter text, received_at timestamptz, observed_at timestamptz, usable_at timestamptz,
       usable_observed_at timestamptz, usable_run integer, steady_at timestamptz, returned_at timestamptz,
       defect text, defect_at timestamptz, detail text, interval_s float8, interval_run integer, short_s float8,
       declared_s float8)
 ORDER BY 1, 2
ON CONFLICT (station, parameter) DO UPDATE SET
    received_at = excluded.received_at,
    observed_at = excluded.observed_at,
    usable_at = excluded.usable_at,
    usable_observed_at = excluded.usable_observed_at,
    usable_run = excluded.usable_run,
    steady_at = excluded.steady_at,
    returned_at = excluded.returned_at,
    defect = excluded.defect,
    defect_at = excluded.defect_at,
    detail = excluded.detail,
    interval_s = excluded.interval_s,
    interval_run = excluded.interval_run,
    short_s = excluded.short_s,
    declared_s = excluded.declared_s
