"""A message as HTML that mail programs can show: no script, no remote picture, colours only where they help."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from alerts import plaintext
from alerts.content import Content, Line
from quantrac.domain.notifications import CURVE_ENDS, CURVE_STARTS, Summary
from quantrac.domain.stations import VIETNAM
from quantrac.domain.words import Bilingual, quantity, quantity_vi

_PLACE = "padding:2px 12px 2px 0;vertical-align:top;text-align:left"
_CELL = f'style="{_PLACE}"'
_LEAST_PX, _LEAST_SHORT_PX = 110, 64
"""Of the column of labels, where they are words: on a telephone each would be broken into a word a line."""
_HEAD = 'style="font-size:15px;margin:14px 0 4px"'
_BUTTON = "display:inline-block;padding:12px 22px;border-radius:8px;background:#0b5c55;color:#fff;font-weight:bold"
_BAR_PX = 160
_COLOURS = "font-family:sans-serif;background:#fff;color:#222"
_ADDRESS = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:)]")


def render(content: Content) -> str:
    """Return the HTML document of a message, Vietnamese first.

    Where a curve is wanted, the bars of the last hour stand between two marks: the notifier puts the picture there.
    """
    parts = [*_language(content, "vi", picture=content.curve), "<hr>", *_language(content, "en", picture=False)]
    return document("".join(parts), "font-size:14px;max-width:640px")


def document(body: str, style: str = "") -> str:
    """Return a whole document, as wide as the telephone that shows it, dark on white whatever its program's colours."""
    head = '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"></head>'
    return f'<!doctype html><html lang="vi">{head}<body style="{_COLOURS};{style}">{body}</body></html>'


def _language(content: Content, language: str, *, picture: bool) -> Iterable[str]:
    def say(words: Bilingual) -> str:
        return escape(plaintext.one_line(words.vi if language == "vi" else words.en))

    def table(title: Bilingual, lines: Sequence[Line], least_px: int = _LEAST_PX) -> Iterable[str]:
        if lines:
            yield f"<h3 {_HEAD}>{say(title)}</h3><table>"
            yield from (_row(say(li.label), say(li.value), least_px) for li in lines)
            yield "</table>"

    if content.banner is not None:
        yield f'<p style="background:#fff3cd;padding:6px"><b>{say(content.banner)}</b></p>'
    yield f'<h2 style="font-size:18px;margin:6px 0">{say(content.headline)}</h2>'
    if content.take is not None:
        yield f'<p><a style="{_BUTTON}" href="{say(content.take.value)}">{say(content.take.label)}</a></p>'
    yield from table(plaintext.MOVED, content.moved, _LEAST_SHORT_PX)
    yield CURVE_STARTS if picture else ""
    if content.summary is not None and content.summary.usable:
        yield f"<h3 {_HEAD}>{'Một giờ qua' if language == 'vi' else 'The last hour'}</h3>"
        yield from _hour(content.summary, content.unit, language)
    yield CURVE_ENDS if picture else ""
    if content.clocks:
        yield f'<h3 {_HEAD}>{say(plaintext.CLOCK)}</h3><p style="background:#fdebd0;padding:6px;margin:0">'
        yield "<br>".join(say(words) for words in content.clocks)
        yield "</p>"
    yield '<table style="margin-top:8px">'
    yield from (_row(say(li.label), say(li.value), _LEAST_PX) for li in content.lines)
    yield "</table>"
    yield from table(plaintext.CONTACTS, content.contacts)
    if content.steps:
        yield f'<h3 {_HEAD}>{say(plaintext.STEPS)}</h3><ol style="margin:0;padding-left:22px">'
        yield from (f"<li>{say(step)}</li>" for step in content.steps)
        yield "</ol>"
    yield from table(plaintext.ANSWER, content.answers)


def linked(text: str) -> str:
    """Return escaped text in which each address of a page is a link.

    >>> linked("#3: https://quan-trac.vn/incidents/3")
    '#3: <a href="https://quan-trac.vn/incidents/3" style="word-break:break-all">https://quan-trac.vn/incidents/3</a>'
    """
    return _ADDRESS.sub(r'<a href="\g<0>" style="word-break:break-all">\g<0></a>', text)


def _row(label: str, value: str, least_px: int) -> str:
    """Return a row of a table; an address of a page is a link, a sentence without a label takes both columns."""
    value = linked(value)
    if not label:
        return f'<tr><td {_CELL} colspan="2">{value}</td></tr>'
    head = f'style="{_PLACE};min-width:{least_px}px"'
    return f"<tr><td {head}><b>{label}</b></td><td {_CELL}>{value}</td></tr>"


def _hour(summary: Summary, unit: str, language: str) -> Iterable[str]:
    write = quantity_vi if language == "vi" else quantity
    labels = ("Nhỏ nhất", "Trung bình", "Lớn nhất") if language == "vi" else ("Minimum", "Mean", "Maximum")
    yield "<table><tr>"
    yield from (f"<th {_CELL}>{label}</th>" for label in labels)
    yield "</tr><tr>"
    yield from (f"<td {_CELL}>{escape(write(v, unit))}</td>" for v in (summary.minimum, summary.mean, summary.maximum))
    yield "</tr></table><table>"
    top = max((abs(p) for p in summary.points if p is not None), default=0.0) or 1.0
    slice_length = (summary.end - summary.start) / max(len(summary.points), 1)
    for index, point in enumerate(summary.points):
        begin = (summary.start + index * slice_length).astimezone(VIETNAM)
        width = 0 if point is None else round(abs(point) / top * _BAR_PX)
        bar = f'<div style="background:#3b7dd8;height:10px;width:{width}px"></div>'
        value = escape(write(point, unit))
        yield f"<tr><td {_CELL}>{begin:%H:%M}</td><td {_CELL}>{bar}</td><td {_CELL}>{value}</td></tr>"
    yield "</table>"
