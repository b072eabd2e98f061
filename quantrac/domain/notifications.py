"""Notifications: the messages of the transactional outbox, and the facts of the last hour that they quote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from quantrac.domain.alerts import Severity


class Channel(StrEnum):
    """By which way a notification goes out."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    """Any target by its name: JSON webhook, SMS gateway, chat."""
    WEB_PUSH = "web_push"
    """A browser, by the subscription that it has given."""


@dataclass(frozen=True, slots=True)
class Notification:
    """One message to one recipient, written in the transaction of the transition that it tells of.

    ``message_id`` is derived from the alert, the transition and the recipient: the same transition can never make two
    of them, and a receiver that sees it twice can tell.
    """

    message_id: str
    channel: Channel
    recipient: str
    """E-mail address; name of a configured target (its URL is a secret and stays in the settings), with what stands for
    a person there: ``sms/0912345678``; or a browser's subscription as JSON."""
    subject: str
    text: str
    html: str | None = None
    answers: str | None = None
    """``message_id`` of the first message about the same incident or alert to the same recipient, which it goes on
    from; known when it is delivered."""
    picture: bytes | None = None
    """PNG of the curve; drawn when it is delivered."""


CURVE_STARTS, CURVE_ENDS = "<!--curve-->", "<!--/curve-->"
"""Marks in the HTML form: what stands between them gives way to a picture of the curve, where one is drawn."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Usable readings of one slice of time."""

    at: datetime
    low: float
    mean: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """The readings of one sensor around an incident, for a picture."""

    station: str
    parameter: str
    unit: str
    since: datetime
    """When the condition began."""
    slice_s: float
    """Length of a slice; a longer distance between points is a gap."""
    minimum: float | None
    maximum: float | None
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True)
class PendingNotification:
    """A notification that the notifier has taken to deliver."""

    id: int
    notification: Notification
    attempts: int
    """Deliveries tried before this one."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class WaitingMail:
    """A mail about an incident that is neither sent nor given up, and what is known of the incident."""

    id: int
    recipient: str
    incident_id: int
    notice: str
    subject: str
    text: str
    attempts: int
    told: bool
    """Whether its recipient has had any mail about the incident."""
    state: str
    since: datetime | None
    over_at: datetime | None
    names_others: bool
    """Whether incidents that have no message of their own were told by it."""
    in_hand: bool
    """Whether another notifier is delivering it."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """A message that goes out in the place of others."""

    notification: Notification
    ids: tuple[int, ...]
    """Of those others."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What one sensor's last hour looked like, in the parameter's unit.

    ``points`` holds up to 12 means of equal slices, oldest first, ``None`` for a slice without usable readings.
    """

    start: datetime
    end: datetime
    count: int
    usable: int
    minimum: float | None
    mean: float | None
    maximum: float | None
    points: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What one recipient was told of one station lately."""

    messages: int = 0
    severities: frozenset[Severity] = frozenset()
    """Of alerts that began or grew worse."""
    held: bool = False
    """Whether a message of the alert in question is held back from this recipient."""


@dataclass(frozen=True, slots=True)
class Held:
    """A message that was held back."""

    id: int
    alert_id: int
    transition_id: int
    subject: str
    held_at: datetime


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Everything that a digest about one station tells one recipient, oldest first."""

    station: str
    channel: Channel
    recipient: str
    held: tuple[Held, ...]
