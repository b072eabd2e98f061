SELECT forget_texts(%(keep)s)
