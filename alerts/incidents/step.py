"""The step that turns changes of alerts into incidents and messages, again and again, in a process of its own.

It reads what the workers have committed and writes to the outbox, one transaction a step: nothing of it is needed for
readings to be stored or for the notifier to deliver, and it may be away for hours. A step that dies leaves nothing; of
two processes one works and the other waits. The schedule of escalation is in the incidents, so it survives a restart.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.incidents.book import Surroundings, turn
from alerts.incidents.links import Signer
from alerts.incidents.messages import plain, silence_ended
from alerts.incidents.reasons import IncidentPolicy, Reason
from alerts.incidents.set_back import LEAST, Ahead, Note, ahead, brought_back
from alerts.incidents.store import IncidentTransaction, WakingStore
from alerts.incidents.teller import Teller
from alerts.incidents.tellings import Decision, expired
from alerts.oncall.chain import wait_of
from alerts.oncall.document import of_rows
from alerts.oncall.handover import hand_over_subject, hand_over_text, hand_overs, summary_text, week, week_before
from quantrac.away import Away
from quantrac.clock import Clock
from quantrac.domain.incidents import HoldWindow, Incident, IncidentEvent, IncidentProgress
from quantrac.domain.notifications import Channel
from quantrac.domain.oncall import OnCall, PersonRole
from quantrac.domain.words import counted
from quantrac.errors import RuleError, StoreError
from quantrac.telemetry import get_logger

_log = get_logger(__name__)
MOST_CHANGES = 500
"""Taken into one step: no transaction grows long, and the next step follows at once."""
SETTLED = timedelta(hours=1)
"""Longer than any transaction of a worker lasts: older changes are all there."""
SUMMARY_AFTER = timedelta(hours=7)
"""A week ends at Monday midnight, and nobody is woken for its summary."""
HAND_OVERS_WITHIN = timedelta(days=1)
"""How far hand-overs are looked back for: older ones that were missed are passed over."""
CALENDAR_EVERY = timedelta(seconds=30)
"""How often hand-overs are looked for."""


@dataclass(frozen=True, slots=True)
class StepOptions:
    """What the steps need of the settings."""

    common: tuple[tuple[Channel, str], ...]
    """Told, beside the contacts of the stations, when no policy reaches anybody."""
    policy: IncidentPolicy = field(default_factory=IncidentPolicy)
    pages: bool = True
    """False: incidents are kept and decided, and nothing is sent: single alerts page, as before."""
    signer: Signer | None = None
    """Makes the links with which people take incidents; ``None``: messages have none."""
    web_url: str | None = None
    """Of the pages, to which messages lead on."""
    pause_s: float = 0.5
    """Between steps while no alert changes: how late escalations, ends of snoozes and windows are noticed."""
    store_pause_s: float = 2.0
    """Between tries while the database is away."""


class IncidentStep:
    """One step at a time; used by one thread."""

    def __init__(self, store: WakingStore, options: StepOptions, clock: Clock) -> None:
        self._store, self._options, self._clock = store, options, clock
        self._oncall = OnCall()
        self._note: Note | None = None
        """A note of work that lay ahead of our clock at the last look."""

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; a step under way is finished."""
        _log.info("incidents_ready", pages=self._options.pages)
        away = Away()
        try:
            while not stop.is_set():
                try:
                    began_s = self._clock.monotonic_s()
                    busy = self.once() == MOST_CHANGES
                    away.back("database")
                    if not busy:
                        self._rest(self._clock.monotonic_s() - began_s, stop)
                except StoreError as exc:
                    if not exc.retryable:
                        raise
                    away.gone("database", exc)
                    self._note = None  # nobody else could move it either
                    stop.wait(self._options.store_pause_s)
        finally:
            self._store.close()

    def _rest(self, worked_s: float, stop: threading.Event) -> None:
        """Wait for a change of an alert, or for the pause; at least as long as was worked: a storm is no full load."""
        pause_s = self._options.pause_s
        rest_s = min(worked_s, pause_s)
        if not stop.wait(rest_s):
            self._store.wait(pause_s - rest_s)

    def once(self) -> int:
        """Do one step and return how many changes of alerts it took in.

        Raises
        ------
        StoreError
            The database is away; the next step does it all.
        """
        with self._store.transaction() as tx:
            if not tx.lock():
                return 0
            # Read only now: whoever was held up before the lock would take another's note for one of the future.
            return self._step(tx, self._clock.now())

    def _step(self, tx: IncidentTransaction, now: datetime) -> int:
        policy = self._options.policy
        changes = tx.changes(MOST_CHANGES)
        progress = tx.progress()
        before = {i.id: i for i in tx.live(now - policy.look_back)}
        found = ahead(self._note, progress.handed_over_at, now, self._clock.monotonic_s())
        oncall = self._current(tx, now)
        live: Collection[Incident] = before.values()
        if found is not None and found.is_still:
            _log.warning("our_clock_was_set_back", by_s=round(found.by.total_seconds()))
            tx.set_back(found.by, now, LEAST)
            live = [brought_back(incident, found.by, now, wait_of(oncall, incident.chain)) for incident in live]
        windows = tx.windows(now, policy.longest_ad_hoc)
        told = tx.pages_since(now - max(policy.storm_window, policy.digest_every))
        pages = [(at, reason) for at, reason in told if at <= now]  # later ones: the clock was set back since
        around = Surroundings(
            windows,
            tx.outages(now),
            [at for at, _ in pages],
            max((at for at, reason in pages if reason == Reason.DIGEST.value), default=None),
        )
        done = turn(live, changes, around, now, policy=policy, new_id=tx.new_id)
        options = self._options
        teller = Teller(
            tx, oncall, options.common, now, pages=options.pages, web_url=options.web_url, signer=options.signer
        )
        after = [teller.address(decision, done) for decision in done.decisions]
        changed = [i for i in after if before.get(i.id) != i]
        tx.save(changed)
        tx.note_placed([(p.change.transition_id, p.incident_id, p.reason.value) for p in done.placed], now)
        tx.add_events(_events(before, done.decisions, now))
        teller.finish()
        self._end_silences(tx, teller, windows, after)
        self._fall_back(tx, now)
        self._calendar(tx, teller, oncall, progress, now, noted=found)
        self._note = None if found is None else found.note
        tx.forget_dealt_with(now - SETTLED)
        return len(changes)

    def _current(self, tx: IncidentTransaction, now: datetime) -> OnCall:
        """Return who is on call; with a mistake in the tables what was known before stays in force."""
        try:
            # With overrides that are just over: their end is a hand-over as well.
            self._oncall = of_rows(tx.oncall(now - HAND_OVERS_WITHIN))
        except RuleError as exc:
            _log.error("oncall_not_taken", error=str(exc))
        return self._oncall

    def _end_silences(
        self, tx: IncidentTransaction, teller: Teller, windows: Sequence[HoldWindow], incidents: Sequence[Incident]
    ) -> None:
        now = self._clock.now()
        for window in expired(windows, now):
            left = [i for i in incidents if i.is_active and _concerns(window, i)]
            places = tx.briefing([], [window.station] if window.station else [], now).places
            text = silence_ended(window, left, places, self._options.web_url)
            teller.inform(text, [window.by], f"silence-{window.id}")
            tx.note_window_end(window.id, now)

    def _fall_back(self, tx: IncidentTransaction, now: datetime) -> None:
        events = [
            IncidentEvent(incident_id, now, "", "fallback", "next_channel" if found else "no_channel_left", person)
            for incident_id, person, found in tx.fall_back(now)
        ]
        tx.add_events(events)

    def _calendar(
        self,
        tx: IncidentTransaction,
        teller: Teller,
        oncall: OnCall,
        progress: IncidentProgress,
        now: datetime,
        *,
        noted: Ahead | None,
    ) -> None:
        """Tell hand-overs, and the week's summary; what was missed for long is passed over.

        ``noted``: what was noted of them lies ahead of now. While it may be of another at work it is left to him.
        """
        if noted is not None and not noted.is_still:
            return
        set_back = noted is not None
        if not set_back and progress.handed_over_at is not None and now - progress.handed_over_at < CALENDAR_EVERY:
            return
        told_to = max(progress.handed_over_at or now, now - HAND_OVERS_WITHIN)
        names = oncall.names
        for rota in oncall.rotas if told_to < now else ():
            for change in hand_overs(rota, oncall.overrides, told_to, now):
                text = hand_over_text(change, rota.title, names)
                about = f"handover-{rota.code}-{change.at.isoformat()}"
                people = (*change.coming, *change.leaving)
                told = plain(hand_over_subject(change, rota.title), text)
                teller.inform(told, people, about, else_common=False)
        start, end = week_before(now)
        summarised_at = min(progress.summarised_at or end, end) if set_back else progress.summarised_at or end
        if summarised_at < end and now - end >= SUMMARY_AFTER:
            found = week(tx.opened_in(start, end), tx.acknowledgements(start, end), start, end)
            heads = [p.code for p in oncall.people if p.role in (PersonRole.HEAD, PersonRole.LEADER)]
            teller.inform(plain("[TRỰC BAN] Tuần qua / Last week", summary_text(found)), heads, f"week-{end.date()}")
            summarised_at = end
        tx.save_progress(IncidentProgress(now, summarised_at))


def _concerns(window: HoldWindow, incident: Incident) -> bool:
    return any(window.covers(m.key, window.starts_at) for m in incident.open_members)


def _events(before: dict[int, Incident], decisions: Iterable[Decision], now: datetime) -> list[IncidentEvent]:
    """Return the history's lines of a turn: what was told, and each other reason when it changes."""
    events = []
    for decision in decisions:
        incident, old = decision.incident, before.get(decision.incident.id)
        if decision.notice is not None:
            what = decision.notice.value
        elif old is None or old.reason != decision.reason.value:
            what = "not_paged"
        else:
            continue
        counts = (counted(len(incident.members), "alert"), counted(len(incident.stations), "station"))
        detail = f"{', '.join(counts)}, {incident.severity.value}"
        events.append(IncidentEvent(incident.id, now, "", what, decision.reason.value, detail))
    return events
