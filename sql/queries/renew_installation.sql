UPDATE installation SET id = gen_random_uuid()
