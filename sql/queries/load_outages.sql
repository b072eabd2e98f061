SELECT id, kind, park, since, until, detail FROM outages WHERE until IS NULL OR until > %(after)s ORDER BY id
