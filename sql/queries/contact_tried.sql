UPDATE contact_channels SET
    code_tries = code_tries + 1,
    verified_at = CASE WHEN %(verified)s THEN %(now)s ELSE verified_at END,
    code_digest = CASE WHEN %(verified)s THEN NULL ELSE code_digest END,
    failing_since = CASE WHEN %(verified)s THEN NULL ELSE failing_since END
 WHERE id = %(id)s
