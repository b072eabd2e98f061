-- Decisions about revised readings on the page: in the name of an account that the database finds by itself, of the role
-- and the stations that it has. The page has no other way to decide.
CREATE FUNCTION decide_revisions_by_account(ids bigint[], accept boolean, reason text)
RETURNS TABLE (pending bigint, outcome text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who public.accounts;
BEGIN
    SELECT * INTO who FROM public.accounts a
     WHERE a.login = current_setting('quantrac.actor', true) AND a.active AND a.role IN ('officer', 'manager', 'admin');
    IF who.login IS NULL OR EXISTS (
        SELECT FROM public.pending_judgements p
         WHERE p.id = ANY (ids) AND cardinality(who.stations) > 0 AND p.station <> ALL (who.stations)
    ) THEN
        RAISE EXCEPTION 'this account does not decide on these revisions' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY SELECT d.pending, d.outcome
                   FROM public.decide_revisions(ids, accept, who.name || ' (' || who.login || ')', reason) AS d;
END
$$;
REVOKE EXECUTE ON FUNCTION decide_revisions_by_account FROM PUBLIC;
