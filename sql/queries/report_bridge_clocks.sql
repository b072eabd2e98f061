SELECT bridge, off_s, since, seen_at FROM bridge_clocks WHERE seen_at > %(now)s::timestamptz - INTERVAL '15 minutes'
 ORDER BY abs(off_s) DESC, bridge
