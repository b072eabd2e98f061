-- One dead letter a message, with the list of everything that was refused of it, and its bytes once.

ALTER TABLE dead_letters
    ADD COLUMN source text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN refusals jsonb;
COMMENT ON COLUMN dead_letters.source IS 'Raw topic of the record, as in kafka_progress; empty: older than the column.';
COMMENT ON COLUMN dead_letters.refusals IS 'What was refused, in the order of the message: [{"reason", "detail", "parameter"}, ...]; reason, detail and parameter repeat the first.';

UPDATE dead_letters
   SET refusals = message.refusals
  FROM (SELECT min(id) AS id,
               jsonb_agg(jsonb_build_object('reason', reason, 'detail', detail, 'parameter', parameter)
                         ORDER BY position) AS refusals
          FROM dead_letters
         GROUP BY raw_partition, raw_offset, sha256(payload), replayed_at IS NULL) AS message
 WHERE dead_letters.id = message.id;
DO $$
BEGIN
    IF EXISTS (SELECT FROM dead_letters WHERE refusals IS NULL) THEN
        DELETE FROM dead_letters WHERE refusals IS NULL;
    END IF;
END
$$;

ALTER TABLE dead_letters ALTER COLUMN refusals SET NOT NULL, DROP COLUMN position;
-- A log that was cut gives its offsets to other records: their bytes tell them apart.
CREATE UNIQUE INDEX dead_letters_once ON dead_letters (source, raw_partition, raw_offset, sha256(payload))
 WHERE source <> '';
