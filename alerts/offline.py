"""Loss of signal: pure, by our own clock. What counts is when we heard a station, not what it observed."""

from __future__ import annotations

from datetime import datetime

from alerts.due import reached, unpaged_steps
from alerts.escalation import Reason
from alerts.rules import Rule
from quantrac.domain.alerts import AlertKey, Severity, Transition, TransitionKind
from quantrac.domain.words import Bilingual, duration, duration_vi, local_time

SHORTEST_CADENCE_S = 300.0


def signal_loss(
    rule: Rule,
    station: str,
    heard_at: datetime,
    now: datetime,
    *,
    is_open: bool,
    severity: Severity | str | None = None,
    cadence_s: float = SHORTEST_CADENCE_S,
    listening_since: datetime | None = None,
    paged: bool | None = None,
    may_page: bool = True,
    excused: bool = False,
) -> Transition | None:
    """Return what a station's silence changes, if anything.

    Parameters
    ----------
    rule
        A rule of kind offline. Its steps follow the cadence (:func:`alerts.due.reached`).
    heard_at
        When its last message was received; for a station never heard, when it was registered.
    is_open
        Whether the rule has an open alert at this station.
    severity
        Of the open alert, where the caller knows it. Otherwise an escalation is returned each time, and the store
        passes over the one that changes nothing.
    cadence_s
        The shortest of the station's sensors.
    listening_since
        Since when our own path has heard everything: an earlier silence opens and escalates nothing.
    paged
        Whether officers were paged for the open alert; ``None``: not known, any step that pages counts.
    may_page
        Whether the rule pages for this kind of station.
    excused
        Whether registered maintenance says why nothing comes: no step that pages is reached meanwhile.
    """
    since = heard_at if listening_since is None else max(heard_at, listening_since)
    level = reached(rule, cadence_s, (now - since).total_seconds())
    if excused:
        level = min(level, unpaged_steps(rule))
    back = reached(rule, cadence_s, (now - heard_at).total_seconds()) == 0
    any_page = may_page and any(step.page for step in rule.steps)
    if is_open and back:
        kind, found, page = TransitionKind.RESOLVED, Severity.INFO, any_page if paged is None else paged
    elif level == 0:
        return None
    else:
        step = rule.steps[level - 1]
        kind, found = TransitionKind.ESCALATED if is_open else TransitionKind.OPENED, step.severity
        before = any(s.page for s in rule.steps[: level - 1]) if paged is None else paged
        page = may_page and step.page and not (is_open and before)
        if is_open and (level == 1 or severity == found):
            return None
    why = _explanation(heard_at, now, back=kind is TransitionKind.RESOLVED)
    return Transition(
        key=AlertKey(station, "", rule.code),
        kind=kind,
        alert_kind=rule.kind,
        severity=found,
        reason=(Reason.SIGNAL_BACK if kind is TransitionKind.RESOLVED else Reason.SIGNAL_LOST).value,
        observed_at=now,
        since=heard_at,
        value=None,
        limit=None,
        explanation=why,
        page=page,
    )


def _explanation(heard_at: datetime, now: datetime, *, back: bool) -> Bilingual:
    at, silence = local_time(heard_at), now - heard_at
    if back:
        return Bilingual(f"Trạm đã truyền số liệu trở lại (lúc {at})", f"The station transmits again (at {at})")
    return Bilingual(
        f"Không nhận được tin nào từ trạm trong {duration_vi(silence)}, tin cuối lúc {at}",
        f"No message from the station for {duration(silence)}, the last one at {at}",
    )
