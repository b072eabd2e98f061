-- The newest change first: what has just been opened, cut or emptied.
SELECT short_name(station.name_vi) AS name,
       coalesce(state.kind, 'other') AS kind,
       state.channel,
       state.words AS state,
       state.since,
       state.last_observed_at,
       state.station AS code
  FROM channel_states AS state
  JOIN current_stations AS station ON station.code = state.station
 WHERE state.station IN (${stations:sqlstring})
 ORDER BY state.since DESC, state.station, state.channel
