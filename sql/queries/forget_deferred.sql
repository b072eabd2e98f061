SELECT forget_deferred(%(keep)s)
