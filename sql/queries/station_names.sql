SELECT code, name_vi FROM current_stations
