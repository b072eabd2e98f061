SELECT station, channel, kind, since, state, words
  FROM channel_changes
 WHERE since BETWEEN %(since)s AND %(until)s AND (%(station)s::text IS NULL OR station = %(station)s)
 ORDER BY since DESC, station, channel
