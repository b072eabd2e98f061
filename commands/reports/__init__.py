"""``quantrac report``: the reports of a day or a month, as files."""

from commands.reports.report import app

__all__ = ["app"]
