SELECT station, snapshot FROM model_states WHERE station = ANY (%(stations)s::text[])
