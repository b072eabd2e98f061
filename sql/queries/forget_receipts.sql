SELECT forget_receipts(%(keep)s)
