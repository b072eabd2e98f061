COPY reading_revisions (
    station, parameter, observed_at, received_at, value, status, flag, raw_partition, raw_offset,
    replaced_at, replaced_by_partition, replaced_by_offset
) FROM STDIN (FORMAT BINARY)
