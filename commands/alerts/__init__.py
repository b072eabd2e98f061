"""``quantrac alerts``: what is open, why, who was told, a picture of it."""

from commands.alerts.alerts import app

__all__ = ["app"]
