"""Settings of how long is kept what is no evidence. The database refuses to forget anything younger than a week."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class RetentionSettings(BaseSettings):
    """Part of ``quantrac.settings.Settings``. Readings, findings, alerts, dead letters and the audit stay for ever."""

    keep_delays_days: int = Field(400, ge=7, description="Measured delays are kept so long (days).")
    keep_texts_days: int = Field(
        400, ge=7, description="Texts of messages that were sent; who was told and when stays (days)."
    )
    keep_held_days: int = Field(90, ge=7, description="Messages that a digest has named in their place (days).")
    keep_deferred_days: int = Field(
        90, ge=7, description="Notes of records beyond a station's quota, once they were read (days)."
    )
    keep_receipts_days: int = Field(
        800,
        ge=60,
        description=(
            "Accounts of what was received, by hour, where both agree; an hour with a residual stays for ever (days)."
        ),
    )
    keep_sessions_days: int = Field(
        400,
        ge=60,
        description="Sequence numbers of a logger's session, since it was last heard; loggers keep 60 days (days).",
    )
    sessions_per_station: int = Field(
        1000,
        ge=100,
        description="Sessions of one station whose sequence numbers are kept, the newest; a week at least.",
    )
