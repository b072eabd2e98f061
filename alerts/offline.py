"""Loss of signal: pure, by our own clock. What counts is when we heard a station, not what it observed."""

from __future__ import annotations

from datetime import datetime

from alerts.escalation import Reason
from alerts.rules import Rule
from quantrac.domain.alerts import AlertKey, Severity, Transition, TransitionKind
from quantrac.domain.words import Bilingual, duration, duration_vi, local_time


def signal_loss(
    rule: Rule, station: str, heard_at: datetime, now: datetime, *, is_open: bool, severity: Severity | None = None
) -> Transition | None:
    """Return what a station's silence changes, if anything.

    Parameters
    ----------
    rule
        A rule of kind offline.
    heard_at
        When its last message was received; for a station never heard, when it was registered.
    is_open
        Whether the rule has an open alert at this station.
    severity
        Of the open alert, where the caller knows it. Otherwise an escalation is returned each time, and the store
        passes over the one that changes nothing.
    """
    silence_s = (now - heard_at).total_seconds()
    level = sum(silence_s >= (step.after_s or 0.0) for step in rule.steps)
    if level == 0:
        if not is_open:
            return None
        kind, found, page = TransitionKind.RESOLVED, Severity.INFO, any(step.page for step in rule.steps)
    else:
        step = rule.steps[level - 1]
        kind, found = TransitionKind.ESCALATED if is_open else TransitionKind.OPENED, step.severity
        page = step.page and not (is_open and any(s.page for s in rule.steps[: level - 1]))
        if is_open and (level == 1 or severity is found):
            return None
    why = _explanation(heard_at, now, back=level == 0)
    return Transition(
        key=AlertKey(station, "", rule.code),
        kind=kind,
        alert_kind=rule.kind,
        severity=found,
        reason=(Reason.SIGNAL_LOST if level else Reason.SIGNAL_BACK).value,
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
