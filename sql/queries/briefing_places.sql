SELECT code, name_vi, name_en, kind, park, operator, illustration FROM current_stations WHERE code = ANY (%(stations)s)
