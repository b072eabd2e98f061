INSERT INTO channel_spans AS kept (station, channel, since, until, state)
VALUES (%(station)s, %(channel)s, %(since)s, %(until)s, %(state)s)
ON CONFLICT (station, channel, since) DO UPDATE SET until = excluded.until, state = excluded.state
