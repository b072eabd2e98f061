COPY staged_readings (
    position, observed_at, received_at, value, raw_offset, raw_partition, score, flag, late,
    station, parameter, status, reasons, score_reason
) FROM STDIN (FORMAT BINARY)
