INSERT INTO account_sessions (token_hash, login, stage, way, address, agent, created_at, seen_at, expires_at)
VALUES (%(token_hash)s, %(login)s, %(stage)s, %(way)s, %(address)s, %(agent)s, %(now)s, %(now)s, %(expires_at)s)
