SELECT max(observed_at) FROM latest_readings WHERE station = ANY (%(stations)s)
