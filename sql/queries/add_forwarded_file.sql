-- The pieces of a file follow each other in one partition: with the next file of the station, one whose pieces have not
-- all come will never be whole (its reader was stopped in the middle, and reads it anew). It must not hold up the others.
WITH broken_off AS (
    UPDATE forwarded_files
       SET given_up_at = %(received_at)s,
           last_error = 'Its pieces did not all come: the drop folder was stopped in the middle of it, and read it anew.'
     WHERE target = %(target)s AND station = %(station)s AND raw_topic = %(raw_topic)s
       AND raw_partition = %(partition)s AND raw_offset < %(record_offset)s
       AND accepted_at IS NULL AND given_up_at IS NULL AND octet_length(content) < size
)
INSERT INTO forwarded_files (
    target, station, file_name, size, sha256, content, received_at, raw_topic, raw_partition, raw_offset
)
VALUES (
    %(target)s, %(station)s, %(file_name)s, %(size)s, %(sha256)s, %(content)s, %(received_at)s, %(raw_topic)s,
    %(partition)s, %(record_offset)s
)
ON CONFLICT (target, raw_topic, raw_partition, raw_offset) DO NOTHING
