-- A retained message that arrives again after a newer one changes nothing.
INSERT INTO station_presence AS kept (station, online, changed_at)
VALUES (%(station)s, %(online)s, %(at)s)
ON CONFLICT (station) DO UPDATE SET online = excluded.online, changed_at = excluded.changed_at
 WHERE kept.changed_at IS NULL OR kept.changed_at <= excluded.changed_at
