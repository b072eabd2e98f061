-- What waited at offsets that the log has no more is gone: a stretch is shortened to what is left of it, or ends.
UPDATE deferred_records
   SET beyond_offset = CASE WHEN first_offset < %(end)s THEN %(end)s ELSE beyond_offset END,
       read_at = CASE WHEN first_offset < %(end)s THEN NULL ELSE %(now)s END
 WHERE read_at IS NULL AND source = %(source)s AND partition = %(partition)s AND beyond_offset > %(end)s
RETURNING partition, first_offset, beyond_offset, station, messages, bytes
