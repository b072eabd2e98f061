"""One batch in memory: what its records come to, before a single row is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

import msgspec

from ingest.dropfolder import refused_file
from ingest.payloads import Decoded, InstantBounds, content_type_of, decoder_of
from models.protocol import Row
from models.stream import ParameterScore
from quantrac import topics
from quantrac.domain.alerts import AlertKey, Reassessment, Transition
from quantrac.domain.deadletters import DeadLetter, Rejected, RejectReason, Stage
from quantrac.domain.ledger import LedgerCounts
from quantrac.domain.readings import CheckedReading, Flag, Outcome, QcReason, Reading, StoredRow
from quantrac.domain.stations import Station
from streams.catalogue import Catalogue
from streams.records import RawRecord
from streams.states import Feed, StationState, StationStates


@dataclass(frozen=True, slots=True)
class DecodedRecord:
    """A raw record after decoding: its station, if it is known, and what its bytes said."""

    record: RawRecord
    station: Station | None
    decoded: Decoded
    online: bool | None = None
    """What a birth or will message says; ``None`` for readings."""


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """What decoding needs of the settings."""

    bounds: InstantBounds
    max_payload_bytes: int


class _StatusMessage(msgspec.Struct):
    state: str


_status_message = msgspec.json.Decoder(_StatusMessage).decode


def decode(record: RawRecord, catalogue: Catalogue, options: DecodeOptions) -> DecodedRecord:
    """Return what a record says; whatever is wrong with it is a ``Rejected`` with a named reason."""
    code = record.station
    if record.content_type == topics.CONTENT_REFUSED_FILE:
        rejected = refused_file.rejected(record.value)
        return DecodedRecord(record, catalogue.registry.station(code, record.received_at), Decoded((), (rejected,)))
    station = catalogue.registry.station(code, record.received_at)
    if station is None:
        detail = f"The station {code!r} of the MQTT topic is not registered: import it, then replay this dead letter."
        return _refused(record, RejectReason.UNKNOWN_STATION, detail)
    if record.content_type == topics.CONTENT_STATUS:
        return _decode_status(record, station)
    if len(record.value) > options.max_payload_bytes:
        detail = f"The payload has {len(record.value)} bytes; at most {options.max_payload_bytes} are read."
        return _refused(record, RejectReason.TOO_LARGE, detail, station)
    decoder = decoder_of(content_type_of(record.content_type, station.logger.message_format))
    if decoder is None:
        detail = f"No decoder is known for the content type {record.content_type!r}."
        return _refused(record, RejectReason.UNKNOWN_CONTENT_TYPE, detail, station)
    return DecodedRecord(record, station, decoder(record.value, code, station, record.received_at, options.bounds))


def _decode_status(record: RawRecord, station: Station) -> DecodedRecord:
    try:
        state = _status_message(record.value).state
    except (msgspec.MsgspecError, UnicodeDecodeError):
        state = ""
    if state not in ("online", "offline"):
        detail = 'A status message is {"state": "online"} or {"state": "offline"}.'
        return _refused(record, RejectReason.WRONG_SHAPE, detail, station)
    return DecodedRecord(record, station, Decoded(()), online=state == "online")


def _refused(record: RawRecord, reason: RejectReason, detail: str, station: Station | None = None) -> DecodedRecord:
    return DecodedRecord(record, station, Decoded((), (Rejected(reason, detail),)))


def dead_letters(record: RawRecord, rejected: Sequence[Rejected], stage: Stage) -> list[DeadLetter]:
    """Return the dead letters of one record."""
    return [
        DeadLetter(
            record.station,
            stage,
            r.reason,
            r.detail,
            r.parameter,
            record.value,
            record.content_type,
            record.mqtt_topic,
            record.received_at,
            record.partition,
            record.offset,
            position,
        )
        for position, r in enumerate(rejected)
    ]


@dataclass(frozen=True, slots=True)
class _Taken:
    """The readings of one instant of a message after quality control, not yet scored."""

    record: RawRecord
    station: Station
    checked: list[tuple[Reading, Flag, tuple[QcReason, ...]]]
    late: bool
    again: bool
    """Whether the message had arrived before."""

    def row(self) -> Row:
        """Return the readings as the model sees them."""
        return Row(
            self.checked[0][0].observed_at,
            {r.parameter: r.value for r, _, _ in self.checked},
            {r.parameter: flag for r, flag, _ in self.checked},
            {r.parameter: r.status for r, _, _ in self.checked},
        )


@dataclass(slots=True)
class Draft:
    """Everything that a batch will write: taken record by record, then scored station by station and judged."""

    states: StationStates
    lane_limit: timedelta
    now: datetime
    rows: list[StoredRow] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    ledger: dict[str, LedgerCounts] = field(default_factory=dict)
    transitions: list[tuple[Transition, Station]] = field(default_factory=list)
    presence: dict[str, tuple[bool, datetime]] = field(default_factory=dict)
    last_seen: dict[str, tuple[datetime, datetime | None]] = field(default_factory=dict)
    """``received_at`` and, of readings, ``observed_at`` of the newest message, by station."""
    touched: set[str] = field(default_factory=set)
    seen: dict[Feed, list[tuple[int, int]]] = field(default_factory=dict)
    sent: list[tuple[datetime, int]] = field(default_factory=list)
    _taken: list[_Taken] = field(default_factory=list)
    _redelivered: list[bool] = field(default_factory=list)
    """For each row: whether its message had arrived before."""

    def take(self, message: DecodedRecord) -> None:
        """Run one decoded record through the stages before the model."""
        record, station = message.record, message.station
        if message.decoded.rejected:
            self.bury(record, message.decoded.rejected, Stage.DECODE)
        if station is None:
            return
        if message.online is not None:
            self.presence[station.code] = (message.online, record.received_at)
            return
        self._take_readings(record, station, message.decoded)

    def judge(self, neighbours: Mapping[str, tuple[int, int]]) -> None:
        """Score all rows that were taken, each station's in one go, and judge the readings in the order of arrival.

        ``neighbours`` gives for stations with a running incident how many others report and how many have an anomaly.
        """
        rows: dict[str, list[int]] = {}
        for i, taken in enumerate(self._taken):
            if not taken.late:
                rows.setdefault(taken.station.code, []).append(i)
        scores: dict[int, dict[str, ParameterScore] | None] = {}
        for code, positions in rows.items():
            own = [self._taken[i].row() for i in positions]
            scored = self.states[code].scorer.score(own, self.now, neighbours.get(code, (0, 0)))
            scores.update(zip(positions, scored, strict=True))
        for i, taken in enumerate(self._taken):
            self._judge(taken, scores.get(i) or {})
        self._taken.clear()

    def reassessments(self) -> list[Reassessment]:
        """Return the open anomaly alerts that the model came to see in another light."""
        return [r for code in self.touched for r in self.states[code].alerts.take_reassessments().values()]

    def bury(self, record: RawRecord, rejected: Sequence[Rejected], stage: Stage) -> None:
        """Make dead letters of what was refused of a record, and count them."""
        self.dead_letters.extend(dead_letters(record, rejected, stage))
        counts = self._counts(record.station)
        readings = sum(r.readings for r in rejected)
        counts.received += readings
        counts.dead_letter += readings

    def settle(self, outcomes: Sequence[Outcome]) -> Counter[str]:
        """Enter what the database did with each row into the ledger, and return the counts by outcome."""
        total: Counter[str] = Counter()
        for row, outcome, again in zip(self.rows, outcomes, self._redelivered, strict=True):
            counts = self._counts(row.checked.reading.station)
            if outcome is Outcome.DUPLICATE and again:
                counts.redelivered += 1
                total["redelivered"] += 1
                continue
            counts.received += 1
            if outcome is Outcome.STORED:
                counts.stored += 1
            elif outcome is Outcome.DUPLICATE:
                counts.duplicate += 1
            else:
                counts.revision += 1
            total[outcome.name.lower()] += 1
        return total

    def peaks(self) -> dict[AlertKey, float]:
        """Return the worst values of open alerts that this batch made worse."""
        return {key: value for code in self.touched for key, value in self.states[code].alerts.take_peaks().items()}

    def _take_readings(self, record: RawRecord, station: Station, decoded: Decoded) -> None:
        code = station.code
        state = self.states[code]
        self.touched.add(code)
        _, observed_before = self.last_seen.get(code, (None, None))
        newest = max((t for t in (observed_before, decoded.observed_at) if t is not None), default=None)
        self.last_seen[code] = (record.received_at, newest)
        again = self._arrived_before(state, decoded)
        if not decoded.readings:
            return
        # A station's file may hold several instants; each is a row of its own to the model, and late by itself.
        for observed_at, readings in groupby(decoded.readings, key=lambda r: r.observed_at):
            # By the instant of processing, not of receipt: what waited for us in Kafka through an outage is no news.
            late = self.now - observed_at > self.lane_limit
            checked = [(r, *state.quality[r.parameter].check(r, record.received_at)) for r in readings]
            self._taken.append(_Taken(record, station, checked, late, again))
            if decoded.sent_at is not None and not late and not again:
                self.sent.append((decoded.sent_at, len(checked)))

    def _judge(self, taken: _Taken, scores: Mapping[str, ParameterScore]) -> None:
        alerts = self.states[taken.station.code].alerts
        for reading, flag, reasons in taken.checked:
            score = scores.get(reading.parameter)
            row = _checked(reading, flag, reasons, score, taken.late)
            self.rows.append(StoredRow(row, taken.record.partition, taken.record.offset))
            self._redelivered.append(taken.again)
            for transition in alerts.evaluate(row, score):
                self.transitions.append((transition, taken.station))

    def _arrived_before(self, state: StationState, decoded: Decoded) -> bool:
        session, seq = decoded.session, decoded.seq
        if session is None or seq is None:
            return False
        if not state.seen[session].add(seq):
            return True
        ranges = self.seen.setdefault((state.station.code, session), [])
        if ranges and ranges[-1][1] == seq:
            ranges[-1] = (ranges[-1][0], seq + 1)
        else:
            ranges.append((seq, seq + 1))
        return False

    def _counts(self, station: str) -> LedgerCounts:
        return self.ledger.setdefault(station, LedgerCounts())


def _checked(
    reading: Reading, flag: Flag, reasons: tuple[QcReason, ...], score: ParameterScore | None, late: bool
) -> CheckedReading:
    if score is None or score.probability is None:
        return CheckedReading(reading, flag, reasons, late=late)
    return CheckedReading(reading, flag, reasons, score.probability, score.text.vi, late)
