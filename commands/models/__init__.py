"""``quantrac models``: evaluation, artefacts, triage, scenarios."""

from commands.models.models import app

__all__ = ["app"]
