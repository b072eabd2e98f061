"""How fast the whole path is, beside the bare limit of the database in the same run: ``make bench``."""
