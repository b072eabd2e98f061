SELECT station, channel, kind, state, words, since, last_observed_at
  FROM channel_states
 WHERE %(station)s::text IS NULL OR station = %(station)s
 ORDER BY station, channel
