SELECT forget_delays(%(keep)s)
