-- An import marks what it changes to be judged again. A worker whose catalogue is some seconds old must not take the mark
-- for done: while it judges, the catalogue stands still, and it knows whether its own is the one that stands.

ALTER TABLE registry_state ADD COLUMN limits_stored bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN registry_state.limits_stored IS 'How often what limits each sensor was stored: with every import of stations or limits.';

CREATE FUNCTION count_stored_limits() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.registry_state SET limits_stored = limits_stored + 1;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION count_stored_limits IS 'Every import stores what limits each sensor anew, and begins with deleting it.';
REVOKE EXECUTE ON FUNCTION count_stored_limits() FROM PUBLIC;
CREATE TRIGGER count_stored_limits AFTER DELETE ON effective_limits
    FOR EACH STATEMENT EXECUTE FUNCTION count_stored_limits();

CREATE FUNCTION hold_catalogue() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT limits_stored FROM public.registry_state FOR SHARE
$$;
COMMENT ON FUNCTION hold_catalogue IS 'Lets no import of stations or limits be committed until the end of the transaction; returns limits_stored.';
REVOKE EXECUTE ON FUNCTION hold_catalogue() FROM PUBLIC;
