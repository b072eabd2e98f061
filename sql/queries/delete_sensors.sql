DELETE FROM sensors WHERE station = %(code)s AND effective_from = %(effective_from)s
