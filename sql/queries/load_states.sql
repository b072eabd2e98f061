SELECT station, snapshot FROM station_states WHERE station = ANY (%(stations)s::text[])
