SELECT forget_workers(%(keep)s)
