SELECT coalesce(kind, 'other') AS kind, channel, words AS state, since, last_observed_at
  FROM channel_states
 WHERE station = ${station:sqlstring}
 ORDER BY kind, channel
