"""A message as HTML that mail programs can show: no script, no remote picture, colours only where they help."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from alerts.content import Content
from quantrac.domain.notifications import Summary
from quantrac.domain.stations import VIETNAM
from quantrac.domain.words import Bilingual, quantity, quantity_vi

_CELL = 'style="padding:2px 10px 2px 0;vertical-align:top"'
_BAR_PX = 160


def render(content: Content) -> str:
    """Return the HTML document of a message, Vietnamese first."""
    parts = [*_language(content, "vi"), "<hr>", *_language(content, "en")]
    style = "font-family:sans-serif;font-size:14px;color:#222"
    return f'<!doctype html><html lang="vi"><body style="{style}">{"".join(parts)}</body></html>'


def _language(content: Content, language: str) -> Iterable[str]:
    def say(words: Bilingual) -> str:
        return escape(words.vi if language == "vi" else words.en)

    if content.banner is not None:
        yield f'<p style="background:#fff3cd;padding:6px"><b>{say(content.banner)}</b></p>'
    yield f"<h2>{say(content.headline)}</h2><table>"
    yield from (
        f"<tr><td {_CELL}><b>{say(li.label)}</b></td><td {_CELL}>{say(li.value)}</td></tr>" for li in content.lines
    )
    yield "</table>"
    if content.summary is not None and content.summary.usable:
        yield f"<h3>{'Một giờ qua' if language == 'vi' else 'The last hour'}</h3>"
        yield from _hour(content.summary, content.unit, language)
    yield f"<h3>{'Việc cần làm' if language == 'vi' else 'What to do'}</h3><ol>"
    yield from (f"<li>{say(step)}</li>" for step in content.steps)
    yield "</ol>"


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
