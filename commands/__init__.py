"""The command line: parses, loads the settings, calls one function of a part. Nothing else knows all parts."""
