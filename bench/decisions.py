"""How many decisions about incidents a second of one core makes: ``python -m bench.decisions``. No server.

A thousand incidents of one to three alerts, in the states that they have in a bad hour, under twenty windows, are
decided again and again at instants a second apart, as the step does it: what a decision makes of an incident is what
the next is asked about, and after a minute a new thousand begins. ``each_new`` is the same where every instant meets
the thousand as new, a quarter of them to be told. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from alerts.incidents.reasons import IncidentPolicy
from alerts.incidents.tellings import Decision, Holds, decide
from quantrac.domain.alerts import AlertKey, AlertKind, Severity
from quantrac.domain.incidents import HoldWindow, Incident, IncidentState, Member, Topic, WindowKind

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = IncidentPolicy()
WINDOWS = [
    HoldWindow(n, WindowKind.MAINTENANCE, f"S{n}", "", NOW - MINUTE, NOW + 60 * MINUTE, by="an") for n in range(20)
]


def incidents(count: int) -> list[Incident]:
    """Return incidents that were told, taken, snoozed, or are new, in turn."""
    states = (IncidentState.OPEN, IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.SNOOZED)
    found = []
    for n in range(count):
        state, opened = states[n % 4], NOW - (n % 90) * MINUTE
        members = tuple(
            Member(10 * n + k, 10 * n + k, AlertKey(f"S{n % 150}", p, "limit"), AlertKind.LIMIT, Severity.HIGH,
                   page=True, park=None, since=opened, opened_at=opened)
            for k, p in enumerate(("COD", "TSS", "NH4")[: n % 3 + 1])
        )  # fmt: skip
        found.append(Incident(
            n, Topic.WATER, opened, opened, members, state, holder=None if state is IncidentState.OPEN else "an",
            acted_at=opened, snoozed_until=NOW + MINUTE if state is IncidentState.SNOOZED else None,
            paged_at=opened if n % 4 else None, paged_severity=Severity.HIGH if n % 4 else None,
        ))  # fmt: skip
    return found


def measure(seconds: float) -> dict[str, object]:
    """Return decisions a second, and how often each reason was given to the thousand at first."""
    first = [d.reason.value for d in _decided(incidents(1000), NOW)]
    return {
        "decisions_per_s": round(_rate(seconds, new_every=60)),
        "each_new": round(_rate(seconds, new_every=1)),
        "reasons": dict(Counter(first)),
    }


def _decided(known: Iterable[Incident], now: datetime) -> list[Decision]:
    holds = Holds(WINDOWS, now)
    return [decide(incident, holds, now, POLICY) for incident in known]


def _rate(seconds: float, *, new_every: int) -> float:
    fresh = known = incidents(1000)
    began, made, turn = time.process_time(), 0, 0  # of the processor's time: others may be busy beside us
    while time.process_time() - began < seconds:
        if turn % new_every == 0:
            known = fresh
        decisions = _decided(known, NOW + timedelta(seconds=turn % 60))
        known = [d.incident for d in decisions]
        made += len(decisions)
        turn += 1
    return made / (time.process_time() - began)


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    sys.stdout.write(json.dumps(measure(parser.parse_args().seconds)) + "\n")


if __name__ == "__main__":
    main()
