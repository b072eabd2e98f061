"""A score as lines for a terminal, as JSON, and as a page to keep: Vietnamese first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import jinja2

from local.drills.score import Outcome, Score
from local.drills.words import class_words, kind_words
from quantrac.domain.words import Bilingual, duration, duration_vi, local_clock, local_time, number, number_vi

_TEMPLATE = Path(__file__).with_name("score.html.j2")


def verdict(outcome: Outcome) -> Bilingual:
    """Say in a few words whether the system did what it promises."""
    if outcome.to_be_told:
        if outcome.told_at is None:
            return Bilingual("BỎ SÓT", "MISSED") if not outcome.alerts else Bilingual("KHÔNG BÁO", "NOT TOLD")
        return Bilingual("đã báo", "told")
    if outcome.messages:
        return Bilingual("BÁO THỪA", "TOLD NEEDLESSLY")
    if outcome.alerts:
        return Bilingual("phát hiện, không báo ai", "found, nobody told")
    if outcome.to_be_found:
        return Bilingual("không phát hiện", "not found")
    return Bilingual("yên lặng", "quiet")


def ahead_words(ahead: timedelta | None) -> Bilingual:
    """Say how long before or after the limit somebody was told."""
    if ahead is None:
        return Bilingual("–", "–")
    before = ahead >= timedelta(0)
    vi, en = duration_vi(abs(ahead)), duration(abs(ahead))
    return Bilingual(f"trước {vi}" if before else f"sau {vi}", f"{en} before" if before else f"{en} after")


def lines(found: Score) -> Iterator[str]:
    """Yield the score for a terminal of 80 columns."""
    for outcome in found.outcomes:
        event, words = outcome.event, kind_words(outcome.event.kind)
        mark = "+" if outcome.is_right else "!"
        after = "" if outcome.found_after is None else f", sau {duration_vi(outcome.found_after)}"
        yield f"{mark} {local_clock(event.start)} {event.station}"
        yield f"    {words.both}: {verdict(outcome).vi}{after}"
    told, found_of = found.told, found.found
    yield f"Ô nhiễm đã báo · pollution told: {told[0]}/{told[1]}"
    yield f"Việc khác phát hiện · other events found: {found_of[0]}/{found_of[1]}"
    yield f"Tin báo thừa · needless messages: {len(found.needless)}"
    if found.median_told_after is not None:
        yield f"Trung vị thời gian báo · median until told: {duration_vi(found.median_told_after)}"


def as_json(found: Score) -> dict[str, object]:
    """Return the score for programs."""
    return {
        "start": found.start.isoformat(),
        "end": found.end.isoformat(),
        "pollution_told": found.told[0],
        "pollution": found.told[1],
        "others_found": found.found[0],
        "others": found.found[1],
        "needless_messages": len(found.needless),
        "stray_alerts": len(found.stray),
        "median_told_after_s": None if found.median_told_after is None else found.median_told_after.total_seconds(),
        "events": [_event(outcome) for outcome in found.outcomes],
    }


def _event(outcome: Outcome) -> dict[str, object]:
    event, after, told = outcome.event, outcome.found_after, outcome.told_after
    return {
        "station": event.station,
        "kind": event.kind,
        "class": event.cls,
        "parameters": list(event.parameters),
        "start": event.start.isoformat(),
        "end": event.end.isoformat(),
        "right": outcome.is_right,
        "verdict": verdict(outcome).en,
        "found_after_s": None if after is None else after.total_seconds(),
        "told_after_s": None if told is None else told.total_seconds(),
        "ahead_of_limit_s": None if outcome.ahead is None else outcome.ahead.total_seconds(),
        "alerts": [a.id for a in outcome.alerts],
        "rules": list(dict.fromkeys(a.rule for a in outcome.alerts)),
        "messages": outcome.messages,
        "acknowledged_by": next((a.acknowledged_by for a in outcome.alerts if a.acknowledged_by), None),
    }


def html(found: Score, title: str, speed: float, channel: Bilingual) -> str:
    """Return the report as one page without any other file."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(_TEMPLATE.read_text("utf-8"))
    return template.render(
        score=found, title=title, speed=number(speed), speed_vi=number_vi(speed), channel=channel, kind=kind_words,
        cls=class_words, verdict=verdict, ahead=ahead_words, clock=local_clock, time=local_time, span_vi=duration_vi,
    )  # fmt: skip
