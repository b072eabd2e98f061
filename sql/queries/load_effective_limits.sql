SELECT station, effective_from, effective_to, parameter, unit, minimum, maximum, source, day_only FROM effective_limits
