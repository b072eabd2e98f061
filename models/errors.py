"""Errors of the models."""

from __future__ import annotations

from quantrac.errors import QuantracError


class ModelError(QuantracError):
    """A model's configuration, snapshot or artefact cannot be used; the message says which and what to do next."""
