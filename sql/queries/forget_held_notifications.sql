SELECT forget_held_notifications(%(keep)s)
