UPDATE listening SET since = %(since)s, until = greatest(until, %(until)s::timestamptz)
