"""What officers and operators ask of the database, as the reader role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import starmap
from types import TracebackType
from typing import Any, NamedTuple

import psycopg

from quantrac.domain.alerts import Assessment
from quantrac.domain.ledger import LedgerCounts
from quantrac.domain.stations import DRILL_PREFIX
from quantrac.domain.words import Bilingual
from sql.connections import connect, translated, usable
from sql.delays import quantile_s
from sql.statements import statement

DEFAULT_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Totals:
    """The state of the system in numbers."""

    stations: int
    online: int
    """Stations whose last birth or will message is a birth."""
    offline: int
    heard: int
    """Stations of which something was received in the last ten minutes."""
    last_received_at: datetime | None
    open_alerts: int
    notifications_waiting: int
    notifications_given_up: int
    dead_letters: int
    """Not yet replayed."""
    buckets_to_judge: int
    registry_version: int


@dataclass(frozen=True, slots=True)
class StationLine:
    """One station, registered or only heard of."""

    station: str
    name_vi: str
    illustration: bool
    online: bool | None
    changed_at: datetime | None
    last_received_at: datetime | None
    last_observed_at: datetime | None
    open_alerts: int


@dataclass(frozen=True, slots=True)
class SequenceGap:
    """Messages ``first`` to ``beyond - 1`` of a logger's session that have not arrived."""

    station: str
    session: str
    first: int
    beyond: int
    last_received_at: datetime

    @property
    def missing(self) -> int:
        """Number of missing messages."""
        return self.beyond - self.first


@dataclass(frozen=True, slots=True)
class DelayQuantiles:
    """Delay from a logger's publishing to our commit; ``None`` when there are no readings."""

    readings: int
    p50_s: float | None
    p99_s: float | None

    @classmethod
    def of(cls, counts: Mapping[int, int]) -> DelayQuantiles:
        """Return the quantiles of a histogram."""
        return cls(sum(counts.values()), quantile_s(counts, 0.5), quantile_s(counts, 0.99))


class LogBreakLine(NamedTuple):
    """Where the raw log broke; offsets ``first`` to ``beyond - 1``."""

    topic: str
    partition: int
    kind: str
    first: int
    beyond: int
    noticed_at: datetime
    what: str


class ClockLine(NamedTuple):
    """Our own clock is wrong: what nearly all stations send is ``ahead`` of it or ``late``, alike."""

    defect: str
    since: datetime


class BridgeClockLine(NamedTuple):
    """A bridge or drop folder whose clock is fast by ``off_s``, or slow when that is negative."""

    bridge: str
    off_s: float
    since: datetime
    seen_at: datetime


class PutAsideLine(NamedTuple):
    """An hour or day that could not be judged."""

    station: str
    parameter: str
    window: str
    start: datetime
    failure: str
    failures: int
    try_after: datetime


class ProgressLine(NamedTuple):
    """How far the workers are in one partition of a raw topic."""

    topic: str
    partition: int
    next_offset: int
    shared_offset: int


class FloodLine(NamedTuple):
    """What of a station waits in Kafka because it is beyond its quota."""

    station: str
    messages: int
    bytes: int
    since: datetime
    until: datetime


class DeadLetterCount(NamedTuple):
    """How many dead letters a station has of a reason (that of the first refusal), and when the newest was received."""

    station: str
    reason: str
    letters: int
    newest: datetime


@dataclass(frozen=True, slots=True)
class DeadLetterLine:
    """A dead letter without its payload; ``reason``, ``detail`` and ``parameter`` are those of the first refusal."""

    id: int
    station: str
    stage: str
    reason: str
    detail: str
    parameter: str | None
    size_bytes: int
    mqtt_topic: str
    received_at: datetime
    partition: int
    offset: int
    replayed_at: datetime | None
    refusals: list[dict[str, str | None]]
    """Everything that was refused of the message: ``reason``, ``detail``, ``parameter``."""
    file_name: str
    """Path in the drop folder; empty for what came by MQTT."""


@dataclass(frozen=True, slots=True)
class DeadLetterPayload:
    """A dead letter with its original bytes."""

    line: DeadLetterLine
    content_type: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class ReplayableMessage:
    """An original message of which something was refused, and the ids of its dead letters."""

    ids: tuple[int, ...]
    station: str
    mqtt_topic: str
    content_type: str
    received_at: datetime
    payload: bytes
    file_name: str = ""


@dataclass(frozen=True, slots=True)
class AlertLine:
    """One alert as it stands; ``parameter`` is empty for an alert of the whole station."""

    id: int
    station: str
    parameter: str
    rule: str
    kind: str
    severity: str
    opened_at: datetime
    since: datetime
    resolved_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    closed_cause: str | None
    value: float | None
    peak_value: float | None
    limit_minimum: float | None
    limit_maximum: float | None
    limit_source: str | None
    explanation_vi: str
    explanation_en: str
    page: bool
    retrospective: bool
    triage: str | None
    """What the model takes an anomaly for."""
    triage_probability: float | None
    triage_reasons_vi: list[str] | None
    """The strongest first; ``None`` beside a class: an alert of an older version, whose explanation bears them."""
    triage_reasons_en: list[str] | None
    paged_at: datetime | None = None
    """When officers read first what it probably is; ``None``: nobody was told."""
    paged_triage: str | None = None
    paged_probability: float | None = None

    @property
    def assessment(self) -> Assessment | None:
        """What the model makes of it; ``None`` where it could not tell, or where the explanation says it already."""
        if self.triage is None or self.triage_reasons_vi is None or self.triage_reasons_en is None:
            return None
        reasons = zip(self.triage_reasons_vi, self.triage_reasons_en, strict=True)
        return Assessment(self.triage, self.triage_probability or 0.0, tuple(starmap(Bilingual, reasons)))

    @property
    def paged_as(self) -> Assessment | None:
        """What officers read of it when they were told first, without its reasons."""
        return None if self.paged_triage is None else Assessment(self.paged_triage, self.paged_probability or 0.0)


class ReadingLine(NamedTuple):
    """One stored reading, with what quality control and the model said of it."""

    parameter: str
    observed_at: datetime
    value: float | None
    flag: int
    status: str
    late: bool
    score: float | None
    """Of the model; 0.5 and more exactly while it is in alarm."""
    reasons: list[str] | None
    """Names of the quality tests that set the flag."""
    revised: bool = False
    """Whether the station sent another value for the instant since, which is not the one shown here."""


@dataclass(frozen=True, slots=True)
class MissingSpan:
    """Readings of one sensor that were due between two neighbouring ones and are not there."""

    station: str
    parameter: str
    after: datetime
    before: datetime
    readings: int


class Paged(NamedTuple):
    """When officers were paged for an alert: the station's time of the reading, and the delivery, if it is known."""

    observed_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class StationModelState:
    """What scores a station; ``artefact`` is ``None`` where nothing was learnt elsewhere."""

    station: str
    model_version: str
    artefact: str | None
    shadow: str | None
    problem: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class ShadowLine:
    """A candidate beside the active artefact of a station: alarms and pages begun, rows in alarm."""

    station: str
    active: str
    """Empty: nothing was learnt elsewhere."""
    shadow: str
    since: datetime
    until: datetime
    rows: int
    alarms_active: int
    alarms_shadow: int
    pages_active: int
    pages_shadow: int
    rows_both: int
    rows_active: int
    rows_shadow: int


@dataclass(frozen=True, slots=True)
class HistoryReading:
    """One stored reading, as a model is trained on it."""

    observed_at: datetime
    parameter: str
    value: float | None
    flag: int
    status: str


@dataclass(frozen=True, slots=True)
class HistoryAlert:
    """An alert of the past: with the cause that an officer found, or an anomaly that nobody has judged yet."""

    parameter: str
    kind: str
    since: datetime
    until: datetime
    closed_cause: str | None


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """How far a notification is; whom it goes to and what it says are not for readers."""

    id: int
    alert_id: int | None
    transition_id: int | None
    message_id: str
    channel: str
    created_at: datetime
    attempts: int
    next_try_at: datetime | None
    sent_at: datetime | None
    failed_at: datetime | None
    last_error: str | None
    incident_id: int | None
    notice: str | None
    receipt: str | None


class Reports:
    """One connection as the reader role, opened on first use and again when lost. Every method raises ``StoreError``.

    >>> with Reports("postgresql://...") as reports:  # doctest: +SKIP
    ...     reports.ledger_totals().residual
    0
    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.Connection[Any] | None = None

    def __enter__(self) -> Reports:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def status(self, now: datetime) -> Totals:
        """Return the state of the system in numbers."""
        (row,) = self._rows("report_totals", now=now)
        return Totals(*row)

    def outbox_waiting_since(self) -> datetime | None:
        """Return when the oldest notification that still waits was due; ``None`` when none waits."""
        ((since,),) = self._rows("report_outbox_waiting")
        return since if isinstance(since, datetime) else None

    def stations(self) -> list[StationLine]:
        """Return every station that is registered or was heard of, by code."""
        return [StationLine(*row) for row in self._rows("report_stations")]

    def ledger(self, since: date | None = None) -> dict[str, LedgerCounts]:
        """Return the accounts of readings by station, from a Vietnamese calendar day on or of all time."""
        return {station: LedgerCounts(*counts) for station, *counts in self._rows("report_ledger", since=since)}

    def ledger_totals(self, since: date | None = None) -> LedgerCounts:
        """Return the accounts of readings of all stations together."""
        every = self.ledger(since).values()
        return LedgerCounts(
            received=sum(c.received for c in every),
            stored=sum(c.stored for c in every),
            duplicate=sum(c.duplicate for c in every),
            revision=sum(c.revision for c in every),
            dead_letter=sum(c.dead_letter for c in every),
            redelivered=sum(c.redelivered for c in every),
        )

    def sequence_gaps(self, limit: int = DEFAULT_LIMIT) -> list[SequenceGap]:
        """Return messages that are missing within loggers' sessions, the stations last heard first."""
        return [SequenceGap(*row) for row in self._rows("report_sequence_gaps", limit=limit)]

    def missing_spans(self, station: str | None, since: datetime, until: datetime, limit: int) -> list[MissingSpan]:
        """Return the gaps between readings of registered sensors in a stretch of time, the longest first."""
        asked = {"station": station, "since": since, "until": until, "limit": limit, "drill": DRILL_PREFIX}
        return [MissingSpan(*row) for row in self._rows("report_missing_spans", **asked)]

    def delay_quantiles(self, since: datetime) -> DelayQuantiles:
        """Return the delays of readings committed since the minute of ``since``, right within 5 %."""
        return DelayQuantiles.of(self.delay_counts(since))

    def delay_counts(self, since: datetime) -> dict[int, int]:
        """Return the readings committed since the minute of ``since`` by the bucket of their delay."""
        return dict(self._rows("report_delays", since=since.replace(second=0, microsecond=0)))

    def dead_letters(
        self,
        *,
        station: str | None = None,
        reason: str | None = None,
        replayed: bool = False,
        limit: int = DEFAULT_LIMIT,
    ) -> list[DeadLetterLine]:
        """Return dead letters, the newest first; those that were replayed only when ``replayed``."""
        rows = self._rows("report_dead_letters", station=station, reason=reason, replayed=replayed, limit=limit)
        return [DeadLetterLine(*row) for row in rows]

    def dead_letter_counts(
        self, *, station: str | None = None, reason: str | None = None, replayed: bool = False
    ) -> list[DeadLetterCount]:
        """Return how many dead letters each station has of each reason, the fewest first."""
        rows = self._rows("report_dead_letter_counts", station=station, reason=reason, replayed=replayed)
        return [DeadLetterCount(*row) for row in rows]

    def dead_letter(self, letter_id: int) -> DeadLetterPayload | None:
        """Return one dead letter with its original bytes; ``None`` when there is none of this id."""
        for *line, content_type, payload in self._rows("report_dead_letter", id=letter_id):
            return DeadLetterPayload(DeadLetterLine(*line), content_type, payload)
        return None

    def log_breaks(self, limit: int = DEFAULT_LIMIT) -> list[LogBreakLine]:
        """Return where the raw log broke, the newest first; none in a healthy installation."""
        return [LogBreakLine(*row) for row in self._rows("report_log_breaks", limit=limit)]

    def clock(self) -> ClockLine | None:
        """Return what the stations' stamps say of our own clock; ``None``: it is right, as far as they tell."""
        return next((ClockLine(*row) for row in self._rows("report_clock")), None)

    def database_clock(self) -> datetime:
        """Return now by the clock of the database's machine."""
        now: datetime = self._rows("database_clock")[0][0]
        return now

    def bridge_clocks(self, now: datetime) -> list[BridgeClockLine]:
        """Return the bridges whose clocks were seen to be wrong in the last quarter of an hour, the worst first."""
        return [BridgeClockLine(*row) for row in self._rows("report_bridge_clocks", now=now)]

    def progress(self) -> list[ProgressLine]:
        """Return how far the workers are in each partition, by raw topic."""
        return [ProgressLine(*row) for row in self._rows("report_progress")]

    def put_aside(self, limit: int = DEFAULT_LIMIT) -> list[PutAsideLine]:
        """Return hours and days that could not be judged, the oldest first; none in a healthy installation."""
        return [PutAsideLine(*row) for row in self._rows("report_put_aside", limit=limit)]

    def flooding(self) -> list[FloodLine]:
        """Return the stations whose surplus waits in Kafka."""
        return [FloodLine(*row) for row in self._rows("deferring_stations")]

    def replayable(
        self,
        *,
        ids: Sequence[int] | None = None,
        station: str | None = None,
        reason: str | None = None,
        limit: int = DEFAULT_LIMIT,
    ) -> list[ReplayableMessage]:
        """Return original messages with dead letters that were not replayed, the oldest first."""
        wanted = None if ids is None else list(ids)
        rows = self._rows("report_replayable", ids=wanted, station=station, reason=reason, limit=limit)
        return [ReplayableMessage(tuple(ids_), *fields) for ids_, *fields in rows]

    def alerts(
        self,
        *,
        only_open: bool = True,
        limit: int = DEFAULT_LIMIT,
        station: str | None = None,
        parameter: str | None = None,
        kind: str | None = None,
        since: datetime | None = None,
    ) -> list[AlertLine]:
        """Return alerts, the newest first; ``since``: those that ended later, or last."""
        rows = self._rows(
            "report_alerts",
            only_open=only_open,
            limit=limit,
            station=station,
            parameter=parameter,
            kind=kind,
            since=since,
        )
        return [AlertLine(*row) for row in rows]

    def alert(self, alert_id: int) -> AlertLine | None:
        """Return one alert; ``None`` when there is none of this id."""
        return next((AlertLine(*row) for row in self._rows("report_alert", id=alert_id)), None)

    def paged(self, alert_id: int) -> Paged | None:
        """Return when officers were first paged for an alert; ``None`` when nobody was."""
        return next((Paged(*row) for row in self._rows("report_paged", id=alert_id)), None)

    def message_alerts(self, since: datetime) -> dict[str, frozenset[int]]:
        """Return the alerts that each message written since an instant is about, by its Message-ID."""
        return {message_id: frozenset(alerts) for message_id, alerts in self._rows("message_alerts", since=since)}

    def readings(self, station: str, since: datetime, until: datetime) -> list[ReadingLine]:
        """Return what a station measured between two instants, both included, in order of time."""
        return [ReadingLine(*row) for row in self._rows("report_readings", station=station, since=since, until=until)]

    def readings_known_at(
        self, station: str, since: datetime, until: datetime, known_at: datetime
    ) -> list[ReadingLine]:
        """Return what a station measured between two instants as it was known at a third, before any later revision."""
        rows = self._rows("report_readings_known_at", station=station, since=since, until=until, known_at=known_at)
        return [ReadingLine(*row) for row in rows]

    def deliveries(self, limit: int = DEFAULT_LIMIT) -> list[DeliveryLine]:
        """Return notifications and how far they are, the newest first."""
        return [DeliveryLine(*row) for row in self._rows("report_deliveries", limit=limit)]

    def held_back(self) -> tuple[int, datetime | None]:
        """Return how many messages the budget holds back that no digest has told of yet, and since when."""
        ((count, since),) = self._rows("report_held_back")
        return count, since

    def station_models(self) -> list[StationModelState]:
        """Return what scores each station that was heard since the models run, by code."""
        return [StationModelState(*row) for row in self._rows("report_station_models")]

    def shadows(self, shadow: str = "") -> list[ShadowLine]:
        """Return what was counted of candidates; only of one, given its hash or its beginning."""
        return [ShadowLine(*row) for row in self._rows("report_shadows", shadow=shadow)]

    def history(self, station: str, since: datetime, most: int) -> list[HistoryReading]:
        """Return a station's readings since an instant, at most so many of the newest; oldest first."""
        rows = self._rows("history_rows", station=station, since=since, limit=most)
        return [HistoryReading(*row) for row in reversed(rows)]

    def past_alerts(self, station: str, since: datetime, now: datetime) -> list[HistoryAlert]:
        """Return a station's alerts with a cause, and its anomalies without, that lasted until ``since`` or later."""
        rows = self._rows("history_alerts", station=station, since=since, now=now)
        return [HistoryAlert(*row) for row in rows]

    def close(self) -> None:
        """Close the connection; it is opened again when needed."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _rows(self, name: str, **arguments: object) -> list[tuple[Any, ...]]:
        with translated("reading a report"):
            self._connection = usable(self._connection) or connect(self._conninfo, "quantrac reports", autocommit=True)
            return self._connection.execute(statement(name), arguments or None).fetchall()
