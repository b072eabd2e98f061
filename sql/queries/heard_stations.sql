SELECT station, last_received_at FROM station_presence WHERE station = ANY (%(stations)s::text[])
