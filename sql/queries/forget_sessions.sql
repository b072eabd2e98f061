SELECT forget_sessions(%(keep)s, %(most)s)
