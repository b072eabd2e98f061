SELECT coalesce((SELECT position FROM rotas WHERE code = %(code)s AND active), max(position) + 1, 0) FROM rotas
