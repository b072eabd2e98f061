"""Kernel of quantrac: the domain's words, settings, topics, wire formats, telemetry and the command line."""

__version__ = "0.1.0"
