INSERT INTO channel_spans AS kept (station, channel, since, until, state, late)
VALUES (%(station)s, %(channel)s, %(since)s, %(until)s, %(state)s, %(late)s)
ON CONFLICT (station, channel, since) DO UPDATE SET
    until = excluded.until,
    state = excluded.state,
    late = excluded.late
