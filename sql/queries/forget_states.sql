WITH states AS (
    DELETE FROM station_states WHERE station = ANY (%(stations)s::text[])
)
DELETE FROM model_states WHERE station = ANY (%(stations)s::text[])
