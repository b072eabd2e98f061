SELECT name, since FROM system_faults
