-- What every running worker can read: an import that one of them cannot read is refused.

CREATE TABLE running_workers (
    id         uuid         PRIMARY KEY,
    version    text         NOT NULL,
    reads      text[]       NOT NULL,
    started_at timestamptz  NOT NULL DEFAULT now(),
    seen_at    timestamptz  NOT NULL DEFAULT now()
);
COMMENT ON TABLE running_workers IS 'Each worker by the id of its process. It runs while seen_at is of the last two minutes.';

CREATE FUNCTION forget_workers(keep interval) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (DELETE FROM public.running_workers WHERE seen_at < public.require_age(keep) RETURNING 1)
    SELECT count(*) FROM gone
$$;
REVOKE EXECUTE ON FUNCTION forget_workers(interval) FROM PUBLIC;
