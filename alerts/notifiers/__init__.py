"""Ways by which a notification goes out: one a file, all of the shape of ``protocol.Notifier``."""
