"""The error tree, by who must act. Each message says what happened, to what, and what to do next."""

from __future__ import annotations

from datetime import timedelta


class QuantracError(Exception):
    """Base of every error that the command line prints as a sentence, without a traceback."""


class SettingsError(QuantracError):
    """The operator must mend a setting or a configuration file; the message names the file and the key."""


class RuleError(QuantracError):
    """The author of stations, limits or rules must mend a data file; the message names the file and the key."""


class OutsideError(QuantracError):
    """Something outside failed: ``retryable`` says whether the same call may succeed later."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


class StoreError(OutsideError):
    """The database could not do what was asked."""


class DataRefusedError(StoreError):
    """The database could not hold the data of this very call: another call may well succeed."""


class OutcomeUnknownError(StoreError):
    """The database went while it was writing: what was asked may be done, or not."""


class NotifyError(OutsideError):
    """A notification was not accepted by its receiver, which may have said when to come again.

    ``server_away`` says that nobody was there to accept it.
    """

    def __init__(
        self, message: str, *, retryable: bool, again_after: timedelta | None = None, server_away: bool = False
    ) -> None:
        super().__init__(message, retryable=retryable)
        self.again_after, self.server_away = again_after, server_away


class BrokerError(OutsideError):
    """MQTT or Kafka could not do what was asked."""


class TargetAwayError(BrokerError):
    """A server that files are forwarded to cannot be reached, or lets nobody in: no file is at fault."""


class ServerError(QuantracError):
    """A local server could not be fetched, started or stopped."""


class ProgressError(QuantracError):
    """Kafka's records do not continue what is committed: going on would pass some of them over."""


class SystemFaultError(QuantracError):
    """Not one record is at fault but our own code, the catalogue or the schema: nothing is buried for it."""
