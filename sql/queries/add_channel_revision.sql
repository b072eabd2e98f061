INSERT INTO channel_revisions (
    station, channel, since, until, state, observed_at, revised_state, replaced_at, replaced_by_partition,
    replaced_by_offset
)
VALUES (
    %(station)s, %(channel)s, %(since)s, %(until)s, %(state)s, %(observed_at)s, %(revised_state)s, %(replaced_at)s,
    %(partition)s, %(offset)s
)
