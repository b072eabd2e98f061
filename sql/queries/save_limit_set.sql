INSERT INTO limit_sets AS kept (code, effective_from, effective_to, title_vi, title_en, source)
VALUES (%(code)s, %(effective_from)s, %(effective_to)s, %(title_vi)s, %(title_en)s, %(source)s)
ON CONFLICT (code, effective_from) DO UPDATE SET
    effective_to = excluded.effective_to,
    title_vi = excluded.title_vi,
    title_en = excluded.title_en,
    source = excluded.source
