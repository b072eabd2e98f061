"""One batch in memory: what its records come to at each station, before a single row is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from ingest.payloads import Decoded
from models.protocol import Row
from models.station.scorer import score_together
from models.station.scores import ParameterScore
from quantrac.domain.alerts import AlertKey, Reassessment, Transition
from quantrac.domain.channels import Channel, ChannelState
from quantrac.domain.deadletters import Stage
from quantrac.domain.readings import CheckedReading, Flag, Outcome, QcReason, Reading, Status, StoredRow
from quantrac.domain.stations import Station
from sql.sequence_store import Ranges, SessionKey
from streams.decoding import DecodedRecord
from streams.records import RawRecord
from streams.states import StationState, StationStates
from streams.tally import Tally

USUAL_DELAY = timedelta(seconds=10)
"""From the bridge's receipt to a worker, on a busy machine. Beyond it a backlog waits, and ages."""


@dataclass(slots=True)
class StationMessage:
    """The readings of one instant of a message: through quality control first, judged when the batch is taken."""

    record: RawRecord
    station: Station
    """In the version that was in force when the readings were observed."""
    checked: list[tuple[Reading, Flag, tuple[QcReason, ...]]]
    sent_at: datetime | None
    """By the logger's clock, where it says so."""
    late: bool
    again: bool
    """Whether the message had arrived before."""
    scores: dict[str, ParameterScore] = field(default_factory=dict)
    """By parameter; empty for a message that is late, and without a model."""
    rows: list[StoredRow] = field(default_factory=list)
    """The readings as judged; empty before."""
    transitions: list[Transition] = field(default_factory=list)

    @property
    def hour_start(self) -> datetime:
        """The hour of observation."""
        return self.checked[0][0].observed_at.replace(minute=0, second=0, microsecond=0)

    def row(self) -> Row:
        """Return the readings as the model sees them: flags and statuses where they are not the usual ones."""
        return Row(
            self.checked[0][0].observed_at,
            {r.parameter: r.value for r, _, _ in self.checked},
            {r.parameter: flag for r, flag, _ in self.checked if flag is not Flag.GOOD},
            {r.parameter: r.status for r, _, _ in self.checked if r.status is not Status.MEASURING},
        )


class SaidState(NamedTuple):
    """What a housekeeping channel said."""

    station: Station
    """In the version that was in force then."""
    checked: CheckedReading
    record: RawRecord
    again: bool
    """Whether the transport delivers it a second time."""


@dataclass(slots=True)
class StationOutcome:
    """What a batch comes to at one station."""

    state: StationState
    online: tuple[bool, datetime] | None = None
    """What the last birth or will message says, and when it was received; ``None`` without one."""
    heard: tuple[datetime, datetime | None] | None = None
    """``received_at`` of the last message of readings and the newest ``observed_at``; ``None`` without one."""
    messages: list[StationMessage] = field(default_factory=list)
    """Those with readings, in the order of arrival."""
    sequences: dict[str, Ranges] = field(default_factory=dict)
    """Sequence numbers that arrived for the first time, by session."""
    states: list[SaidState] = field(default_factory=list)
    """What housekeeping channels said, in the order of arrival."""
    state_transitions: list[tuple[Transition, Station]] = field(default_factory=list)

    def hear(self, received_at: datetime, observed_at: datetime | None) -> None:
        """Note a message of readings, of which perhaps none could be used."""
        before = None if self.heard is None else self.heard[1]
        newest = max((t for t in (before, observed_at) if t is not None), default=None)
        self.heard = (received_at, newest)

    def arrived_before(self, decoded: Decoded) -> bool:
        """Note the sequence number of a message, and return whether it had arrived before."""
        session, seq = decoded.session, decoded.seq
        if session is None or seq is None:
            return False
        if self.state.seen[session].leaps(seq):
            return False  # no numbering: it neither proves a hole nor knows a repeated message
        if not self.state.seen[session].add(seq):
            return True
        ranges = self.sequences.setdefault(session, [])
        if ranges and ranges[-1][1] == seq:
            ranges[-1] = (ranges[-1][0], seq + 1)
        else:
            ranges.append((seq, seq + 1))
        return False

    def timely(self) -> list[StationMessage]:
        """Return the messages that are not late: the model sees no others."""
        return [message for message in self.messages if not message.late]

    def judge(self) -> None:
        """Judge the readings of all messages in the order of arrival."""
        for message in self.messages:
            self._judge(message)
        for said in self.states:
            self.state_transitions += [(t, said.station) for t in self.state.alerts.evaluate(said.checked)]

    def _judge(self, message: StationMessage) -> None:
        record, late = message.record, message.late
        if not late:
            self.state.turn_to(message.station)
        place = record.partition, record.offset, message.again, record.replayed
        for reading, flag, reasons in message.checked:
            score = message.scores.get(reading.parameter)
            row = _checked(reading, flag, reasons, score, late)
            message.rows.append(StoredRow(row, *place))
            message.transitions += self.state.alerts.evaluate(row, score)


@dataclass(slots=True)
class Batch:
    """Everything that a batch will write: taken record by record, then scored and judged station by station."""

    states: StationStates
    lane_limit: timedelta
    now: datetime
    tally: Tally = field(default_factory=Tally)
    stations: dict[str, StationOutcome] = field(default_factory=dict)
    messages: list[StationMessage] = field(default_factory=list)
    """Those of all stations, in the order of arrival: so they are stored and paged for."""
    retrospective_before: datetime | None = None
    """What was received before it pages nobody: a rebuild replays it."""
    stored: Counter[tuple[str, datetime]] = field(default_factory=Counter)
    """Readings that were new, by station and hour of observation."""
    replayed_before: Mapping[int, int] = field(default_factory=dict)
    """The same by partition and offset: a restored database had dealt with it before."""

    def take(self, message: DecodedRecord) -> None:
        """Run one decoded record through the stages before the model."""
        record, station = message.record, message.station
        if message.decoded.rejected:
            self.tally.bury(record, message.decoded.rejected, Stage.DECODE)
        if station is None:
            return
        outcome = self.stations.get(station.code)
        if outcome is None:
            outcome = self.stations[station.code] = StationOutcome(self.states[station.code])
        if message.online is not None:
            outcome.online = (message.online, record.received_at)
        else:
            again = outcome.arrived_before(message.decoded)
            self._take_readings(outcome, message, again=again)
            for said in message.channels:
                checked = CheckedReading(said, Flag.NOT_EVALUATED, late=self._is_late(record, said.observed_at))
                outcome.states.append(SaidState(message.version_at(said.observed_at), checked, record, again))

    def judge(self, neighbours: Mapping[str, tuple[int, int]]) -> None:
        """Score what was taken, all stations in one go, and judge it.

        ``neighbours`` gives for stations with a running incident how many others report and how many have an anomaly.
        """
        timely = {code: messages for code, o in self.stations.items() if (messages := o.timely())}
        scores = score_together(
            [
                (self.stations[code].state.scorer, [m.row() for m in messages], neighbours.get(code, (0, 0)))
                for code, messages in timely.items()
            ],
            self.now,
        )
        for messages, of_station in zip(timely.values(), scores, strict=True):
            for message, scored in zip(messages, of_station, strict=True):
                message.scores = scored or {}
        for outcome in self.stations.values():
            outcome.judge()

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Enter what the database did with each row into the accounts.

        Raises
        ------
        ValueError
            There is not one outcome for each row.
        """
        if len(outcomes) != (rows := sum(len(message.rows) for message in self.messages)):
            raise ValueError(f"{len(outcomes)} outcomes for {rows} rows")
        start = 0
        for message in self.messages:
            of_message = outcomes[start : start + len(message.rows)]
            start += len(of_message)
            code, hour = message.station.code, message.hour_start
            for outcome in Outcome:
                if readings := of_message.count(outcome):
                    self.tally.enter(code, outcome, readings, again=message.again)
            if stored := of_message.count(Outcome.STORED):
                self.stored[code, hour] += stored

    def rows(self) -> list[StoredRow]:
        """Return the readings to be stored, in the order of arrival."""
        return [row for message in self.messages for row in message.rows]

    def transitions(self) -> Iterator[tuple[Transition, Station]]:
        """Return what opened, escalated or resolved, in the order of arrival."""
        yield from ((transition, message.station) for message in self.messages for transition in message.transitions)
        for outcome in self.stations.values():
            yield from outcome.state_transitions

    def states_of_channels(self) -> dict[tuple[str, Channel], list[ChannelState]]:
        """Return what housekeeping channels said, by station and channel, in the order of arrival."""
        found: dict[tuple[str, Channel], list[ChannelState]] = {}
        for code, outcome in self.stations.items():
            for said in outcome.states:
                r, record = said.checked.reading, said.record
                # What is replayed had been refused: it was not said before.
                again = said.again and not record.replayed
                place, late = (record.partition, record.offset), said.checked.late
                state = ChannelState(r.observed_at, r.value, r.received_at, *place, again, late)
                found.setdefault((code, said.station.channel_of[r.parameter]), []).append(state)
        return found

    def heard(self) -> dict[str, tuple[datetime, datetime | None]]:
        """Return ``received_at`` and ``observed_at`` of the newest readings of stations that sent any."""
        return {code: outcome.heard for code, outcome in self.stations.items() if outcome.heard is not None}

    def presence(self) -> dict[str, tuple[bool, datetime]]:
        """Return what birth and will messages say, and when they were received."""
        return {code: outcome.online for code, outcome in self.stations.items() if outcome.online is not None}

    def sequences(self) -> dict[SessionKey, Ranges]:
        """Return the sequence numbers that arrived for the first time."""
        return {(code, s): ranges for code, o in self.stations.items() for s, ranges in o.sequences.items()}

    def peaks(self) -> dict[AlertKey, float]:
        """Return the worst values of open alerts that this batch made worse."""
        return {key: value for o in self.stations.values() for key, value in o.state.alerts.take_peaks().items()}

    def reassessments(self) -> list[Reassessment]:
        """Return the open anomaly alerts that the model came to see in another light."""
        return [found for o in self.stations.values() for found in o.state.alerts.take_reassessments().values()]

    def sent(self) -> Iterator[tuple[datetime, int]]:
        """Return when the messages that are news were published, and how many readings each carries."""
        return (
            (m.sent_at, len(m.checked)) for m in self.messages if m.sent_at is not None and not m.late and not m.again
        )

    def _is_late(self, record: RawRecord, observed_at: datetime) -> bool:
        # By the instant of processing, not of receipt: what waited for us through an outage is no news either. But what
        # was in time at its receipt is not late for our usual delay: it would be neither paged nor told as late.
        age = max(record.received_at, self.now - USUAL_DELAY) - observed_at
        return age > self.lane_limit or self._replayed(record)

    def _replayed(self, record: RawRecord) -> bool:
        if record.offset < self.replayed_before.get(record.partition, 0):
            return True
        return self.retrospective_before is not None and record.received_at < self.retrospective_before

    def _take_readings(self, outcome: StationOutcome, of: DecodedRecord, *, again: bool) -> None:
        record, decoded = of.record, of.decoded
        outcome.hear(record.received_at, decoded.observed_at)
        if not decoded.readings:
            return
        quality = outcome.state.quality_of
        # A station's file may hold several instants; each is a row of its own to the model, and late by itself.
        for observed_at, readings in groupby(decoded.readings, key=lambda r: r.observed_at):
            late, station = self._is_late(record, observed_at), of.version_at(observed_at)
            checked = [(r, *quality(station.sensor_of[r.parameter]).check(r, record.received_at)) for r in readings]
            message = StationMessage(record, station, checked, decoded.sent_at, late, again)
            outcome.messages.append(message)
            self.messages.append(message)


def _checked(
    reading: Reading, flag: Flag, reasons: tuple[QcReason, ...], score: ParameterScore | None, late: bool
) -> CheckedReading:
    if score is None or score.probability is None:
        return CheckedReading(reading, flag, reasons, late=late)
    return CheckedReading(reading, flag, reasons, score.probability, score.text.vi, late)
