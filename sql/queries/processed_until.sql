SELECT last_received_at FROM station_presence WHERE station = %(station)s
