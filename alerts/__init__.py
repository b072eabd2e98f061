"""Limits and rules, the engine that decides when alerts open and end, their messages, the outbox, the notifiers.

Read it in this order:

1. ``coefficients``, ``units``, ``limits``: the limit in force for a sensor on a day; ``thresholds``: what a value is
   compared with; ``rules``: what opens an alert, what ends it, who is paged (``data/`` has those that are shipped).
2. ``observations`` (how each kind of rule sees a reading), ``escalation`` (the state machine of one rule at one
   sensor), ``engine`` (all rules of a station). ``closed_windows`` and ``offline`` decide on means and on silence.
3. ``transitions``: what is stored of a decision; ``explanations``: its sentences, and those of the model's assessment.
4. ``content``, ``advice``, ``sparkline``, ``messages``, ``htmlmail``: what an officer reads.
5. ``outbox``, ``notifier``, ``notifiers/``: how it gets there.

Everything up to the messages is pure: no clock, no I/O.
"""
