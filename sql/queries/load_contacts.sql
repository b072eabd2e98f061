SELECT code, effective_from, contacts FROM stations
