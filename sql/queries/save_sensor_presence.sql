INSERT INTO sensor_presence AS kept (
    station, parameter, received_at, observed_at, usable_at, usable_observed_at, usable_run, steady_at, returned_at,
    defect, defect_at, detail, interval_s, interval_run, short_s, declared_s
)
SELECT *
  FROM unnest(%(stations)s::text[], %(parameters)s::text[], %(received_at)s::timestamptz[],
              %(observed_at)s::timestamptz[], %(usable_at)s::timestamptz[], %(usable_observed_at)s::timestamptz[],
              %(usable_run)s::integer[], %(steady_at)s::timestamptz[], %(returned_at)s::timestamptz[],
              %(defect)s::text[], %(defect_at)s::timestamptz[], %(detail)s::text[], %(interval_s)s::float8[],
              %(interval_run)s::integer[], %(short_s)s::float8[], %(declared_s)s::float8[]) AS noted
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
