WITH over AS (
    DELETE FROM system_faults WHERE name <> ALL (%(names)s::text[])
)
INSERT INTO system_faults (name, since)
SELECT * FROM unnest(%(names)s::text[], %(since)s::timestamptz[])
ON CONFLICT (name) DO NOTHING
