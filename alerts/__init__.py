"""Limits and rules, the engine that decides when alerts open and end, their messages, the outbox, the notifiers."""
