SELECT id, at, kind, login, address, detail FROM security_events ORDER BY id DESC LIMIT %(limit)s
