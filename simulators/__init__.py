"""Simulated and recorded feeds that take the same route as a real logger: MQTT, with an encoder of their own.

Reading order, from water to wire: ``profiles`` and ``signals`` say what normal water does, ``events`` and ``faults``
what can go wrong, ``scenario`` reads when and where, ``instruments`` shows it, ``generator`` makes ``messages`` of it
without network or clock. ``encoder``, ``link`` and ``publisher`` send them; ``fleet`` runs all of it, with a ``report``
and the truth (``labels``) beside. ``replay`` sends recorded ``feeds`` (``tt10``, ``csvfeed``) the same way.
``drawn_scenarios`` draws events at random, for the models' training. ``encoder`` and ``reference_limits`` repeat on
purpose what the receiving side knows: they are what it is tested against.
"""
