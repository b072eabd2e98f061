"""Kernel of quantrac: what every part knows, and which knows no part.

Reading order: ``domain`` has the words of the field (``stations``, ``readings``, ``limits``, ``judgements``,
``alerts``, ``ledger``); ``errors`` says who must act on what; ``clock`` is the only source of now. ``registry`` reads
stations from TOML (``tomltable``), ``quality`` flags readings. ``settings`` reads the environment, ``endpoints`` says
how an outside system is reached, ``topics`` and ``wire`` name and spell our own topics, ``telemetry`` has logs and
metrics. ``__main__`` alone looks upwards: ``python -m quantrac`` is the command line.
"""

__version__ = "0.1.0"
