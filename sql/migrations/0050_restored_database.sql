-- A database that is new, or was restored from a backup, reads again what the workers had dealt with before; it pages
-- nobody for that, and its messages repeat no Message-ID of the lost one.

ALTER TABLE kafka_progress ADD COLUMN replayed_before bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN kafka_progress.replayed_before IS 'Records before it had been acknowledged before the database was restored: they are read again and page nobody.';

-- The database is the one owner of what makes its Message-IDs its own, whoever writes them.
CREATE FUNCTION outbox_message_id() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    NEW.message_id := regexp_replace(NEW.message_id, '@quantrac\.local>$',
                                     '@' || (SELECT id FROM installation) || '.quantrac.local>');
    RETURN NEW;
END
$$;
CREATE TRIGGER outbox_message_id BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION outbox_message_id();
