"""Reports: pure tables from rows of the database, the water quality index, the compliance clock; rendering apart."""
