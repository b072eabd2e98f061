SELECT document FROM rotas WHERE active ORDER BY position, code
