"""The command line: each command parses, loads the settings, calls one function of a part and prints.

Reading order: ``main`` joins one module per area and turns an error into a sentence; ``context`` is what every command
starts from: settings, clock and the way to each server, configured or local. Then any area, ``stations`` or ``db`` for
a short one; ``run`` has the long-running processes, ``views`` the tables for people. Nothing else knows all parts, and
nothing imports this one.
"""
