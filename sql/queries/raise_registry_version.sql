UPDATE registry_state SET version = version + 1, imported_at = now(), sha256 = %(sha256)s
