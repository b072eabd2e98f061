-- Another worker may have heard up to later, but nobody up to later than now: our clock was set back then.
UPDATE listening SET since = %(since)s, until = greatest(least(until, %(now)s::timestamptz), %(until)s::timestamptz)
