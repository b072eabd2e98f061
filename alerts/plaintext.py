"""A message as text: for chats and SMS gateways, and for mail programs that show no HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from alerts.content import Content, Line
from alerts.sparkline import sparkline
from quantrac.domain.notifications import Summary
from quantrac.domain.stations import VIETNAM
from quantrac.domain.words import Bilingual, quantity, quantity_vi

MOVED = Bilingual("Diễn biến", "What has moved")
CLOCK = Bilingual("Đồng hồ tuân thủ", "Compliance clock")
CONTACTS = Bilingual("Liên hệ", "Whom to ring")
STEPS = Bilingual("Việc cần làm", "What to do")
ANSWER = Bilingual("Phản hồi", "Answer")

ENGLISH = "— English —"
"""Line before what stands in English."""
MOST_LETTERS = 1000
"""Of a line: whatever name or explanation is longer was not meant to be read."""


def plain(content: Content) -> str:
    """Return a message as text, Vietnamese first. No line holds a control character: a name forges nothing."""
    lines = [*_plain(content, "vi"), "", ENGLISH, "", *_plain(content, "en"), ""]
    return "\n".join(map(one_line, lines))


def one_line(text: str) -> str:
    """Return a text without line breaks and control characters, and not longer than anybody reads."""
    shown = text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}…"
    return "".join(c if c.isprintable() else " " for c in shown)


def _plain(content: Content, language: str) -> Iterable[str]:
    def say(words: Bilingual) -> str:
        return words.vi if language == "vi" else words.en

    def part(title: Bilingual, lines: Sequence[Line]) -> Iterable[str]:
        if lines:
            yield from ("", f"{say(title)}:")
            yield from (f"  {labelled(say(li.label), say(li.value))}" for li in lines)

    if content.banner is not None:
        yield from (f"*** {say(content.banner)} ***", "")
    yield from (say(content.headline), "")
    if content.take is not None:
        yield labelled(say(content.take.label), say(content.take.value))
    yield from (labelled(say(line.label), say(line.value)) for line in content.lines)
    yield from part(MOVED, content.moved)
    if content.summary is not None:
        yield from ("", say(hour_words(content.summary, content.unit)))
        if content.summary.points:
            yield f"  {sparkline(content.summary.points)}"
    if content.clocks:
        yield from ("", f"{say(CLOCK)}:", *(f"  {say(words)}" for words in content.clocks))
    yield from part(CONTACTS, content.contacts)
    if content.steps:
        yield from ("", f"{say(STEPS)}:")
        yield from (f"  {number}. {say(step)}" for number, step in enumerate(content.steps, start=1))
    yield from part(ANSWER, content.answers)


def labelled(label: str, value: str) -> str:
    """Return a fact with its label, or alone.

    >>> labelled("Trạm", "KCN Sa Đéc"), labelled("", "Sự cố tái diễn.")
    ('Trạm: KCN Sa Đéc', 'Sự cố tái diễn.')
    """
    return f"{label}: {value}" if label else value


def hour_words(summary: Summary, unit: str) -> Bilingual:
    """Say in one line what the last hour looked like."""
    start, end = summary.start.astimezone(VIETNAM), summary.end.astimezone(VIETNAM)
    span = f"{start:%H:%M}–{end:%H:%M}"
    if not summary.usable:
        return Bilingual(
            f"Một giờ qua ({span}): không có số liệu dùng được.", f"The last hour ({span}): no usable readings."
        )
    low, mean, high = summary.minimum, summary.mean, summary.maximum
    return Bilingual(
        f"Một giờ qua ({span}): nhỏ nhất {quantity_vi(low, unit)}, trung bình {quantity_vi(mean, unit)}, "
        f"lớn nhất {quantity_vi(high, unit)}; {summary.usable}/{summary.count} số liệu dùng được.",
        f"The last hour ({span}): minimum {quantity(low, unit)}, mean {quantity(mean, unit)}, "
        f"maximum {quantity(high, unit)}; {summary.usable} of {summary.count} readings usable.",
    )
