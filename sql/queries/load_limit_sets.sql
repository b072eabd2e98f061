SELECT code, title_vi, title_en, source, effective_from, effective_to FROM limit_sets ORDER BY code, effective_from
