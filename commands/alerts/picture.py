"""Draws an alert: a line of what happened when, a panel for each parameter, and the reasons in words."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from alerts.explanations import class_words, judged
from quantrac.domain.alerts import AlertKind, Assessment
from quantrac.domain.readings import QcReason
from quantrac.domain.stations import VIETNAM, StationKind
from quantrac.domain.words import Bilingual, number, number_vi

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sql.reports import ReadingLine
    from web.incidents.story import Story, Trace

# Okabe and Ito's colours, which people with any colour vision tell apart; every mark has a shape of its own as well.
_BLUE, _VERMILLION, _GREEN, _ORANGE, _PURPLE = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7"
_INK, _GREY = "#222222", "#666666"
_WIDTH_IN, _PANEL_IN, _EVENT_IN, _LINE_IN = 10.5, 1.45, 0.26, 0.205
_DASHED = (0, (5, 2))
_DPI = 100
_WRAP = 118
"""Characters of a line of text across the picture."""


_ANOMALOUS = {"color": _ORANGE, "marker": "^", "markeredgecolor": _INK, "markersize": 5, "linestyle": "none"}
_FLAGGED = {"color": "none", "marker": "s", "markeredgecolor": _PURPLE, "markersize": 6, "linestyle": "none"}
_CALIBRATING = {"color": _PURPLE, "marker": "P", "markersize": 5, "linestyle": "none"}
_FAULTY = {"color": _PURPLE, "marker": "x", "markersize": 5, "linestyle": "none"}
_REVISED = {"color": "none", "marker": "o", "markeredgecolor": _INK, "markersize": 7, "linestyle": "none"}
_QC_WORDS = {
    QcReason.FLAT_LINE: Bilingual("giá trị đứng yên quá lâu", "the value has not moved for too long"),
    QcReason.MISSING: Bilingual("không có số liệu", "values are missing"),
    QcReason.RANGE_SENSOR: Bilingual("ngoài dải đo của thiết bị", "outside the instrument's range"),
    QcReason.RATE_OF_CHANGE: Bilingual("thay đổi nhanh hơn mức có thể", "a faster change than is possible"),
    QcReason.STATUS_FAULT: Bilingual("thiết bị tự báo hỏng", "the instrument reports a fault"),
}
_Times = NDArray[np.datetime64]


class Event(NamedTuple):
    """Something that happened, and how it is marked in every panel; without a marker it is only said."""

    at: datetime
    words: Bilingual
    colour: str
    marker: str
    dashes: str


def draw(story: Story, path: Path) -> None:
    """Write the picture of an alert as a PNG file."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # the backend must have been chosen before

    events, text = events_of(story), _text(story)
    heights = [
        _EVENT_IN * len(events) + 0.1,
        *([_PANEL_IN] * len(story.traces)),
        0.55 + _LINE_IN * sum(len(lines) for lines, _ in text),
    ]
    with plt.rc_context({"font.family": "DejaVu Sans", "font.size": 9, "axes.spines.top": False}):
        figure, axes = plt.subplots(
            len(heights), 1, figsize=(_WIDTH_IN, sum(heights) + 1.3), height_ratios=heights, layout="constrained"
        )
        top, *panels, bottom = axes
        _draw_events(top, story, events)
        for panel, trace in zip(panels, story.traces, strict=True):
            _draw_trace(panel, story, trace, events)
        _label_time(panels, story)
        _draw_text(bottom, text)
        _title_and_legend(figure, panels[0], story)
        figure.savefig(path, dpi=_DPI, format="png")
        plt.close(figure)


def _last(story: Story) -> datetime:
    """Return the end of what is drawn: readings may end before the window does."""
    newest = max(r.observed_at for t in story.traces for r in t.readings)
    return min(story.end, newest) + 2 * story.cadence


def _x(instant: datetime) -> np.datetime64:
    """Return Vietnam's civil time as matplotlib draws it."""
    return np.datetime64(instant.astimezone(VIETNAM).replace(tzinfo=None), "ms")


def _clock(story: Story, instant: datetime) -> str:
    return instant.astimezone(VIETNAM).strftime("%H:%M" if story.cadence.total_seconds() >= 60 else "%H:%M:%S")


def events_of(story: Story) -> list[Event]:
    """Return what happened when, in words."""
    alert, clock = story.alert, partial(_clock, story)
    opened = clock(alert.opened_at)
    found = [Event(alert.opened_at, Bilingual(f"Mở cảnh báo {opened}", "alert opened"), _INK, ">", "-")]
    if story.paged is not None:
        sent = story.paged.observed_at
        found.append(Event(sent, Bilingual(f"Báo cho cán bộ {clock(sent)}", "officers paged"), _GREEN, "D", "-."))
    else:
        item = Bilingual("Việc cần xử lý, không báo ai", "work item, nobody is paged")
        # Of an incident that was told before, or held back: this alert was no reason for another page.
        words = Bilingual("Không báo riêng", "not told by itself") if alert.page else item
        found.append(Event(alert.opened_at, words, _GREEN, "D", "-."))
    limit = story.traces[0].limit
    if story.crossed_at is not None:
        crossed = Bilingual(f"Vượt giới hạn {clock(story.crossed_at)}", "limit crossed")
        found.append(Event(story.crossed_at, crossed, _VERMILLION, "X", "--"))
    elif limit is not None:
        found.append(Event(_last(story), Bilingual("Chưa vượt giới hạn", "limit not crossed"), _VERMILLION, "", ""))
    if alert.resolved_at is not None and alert.resolved_at <= _last(story):
        ended = Bilingual(f"Kết thúc {clock(alert.resolved_at)}", "resolved")
        found.append(Event(alert.resolved_at, ended, _GREY, "s", ":"))
    return found


def _draw_events(axis: Axes, story: Story, events: Sequence[Event]) -> None:
    axis.set_xlim(0, 1)
    axis.set_ylim(len(events) - 0.4, -0.6)
    axis.axis("off")
    whole = _last(story) - story.start
    for line, event in enumerate(events):
        x = (event.at - story.start) / whole
        before = x > 0.6
        if event.marker:
            axis.plot([x], [line], event.marker, color=event.colour, markersize=7)
        gap = 8 if event.marker else 0
        axis.annotate(
            f"{event.words.vi} · {event.words.en}", (x, line), xytext=(-gap if before else gap, 0),
            textcoords="offset points", ha="right" if before else "left", va="center", color=event.colour,
            fontsize=9.5, fontweight="bold",
        )  # fmt: skip


def _draw_trace(axis: Axes, story: Story, trace: Trace, events: Iterable[Event]) -> None:
    for event in events:
        if event.marker:
            axis.axvline(_x(event.at), color=event.colour, linestyle=event.dashes, linewidth=1.1, zorder=1)  # type: ignore[arg-type]
    lines = trace.readings
    axis.plot(*_points(lines, lambda r: r.status == "00"), color=_BLUE, linewidth=1.3, marker=".", markersize=2.5)
    _mark(axis, lines, _anomalous, _ANOMALOUS)
    _mark(axis, lines, _flagged, _FLAGGED)
    _mark(axis, lines, lambda r: r.status == "01", _CALIBRATING)
    _mark(axis, lines, lambda r: r.status == "02", _FAULTY)
    _mark(axis, lines, lambda r: r.revised, _REVISED)
    base = sorted(trace.baseline.items())
    instants, levels = np.array([_x(at) for at, _ in base]), [level for _, level in base]
    axis.plot(instants, levels, color=_INK, linewidth=1.2, linestyle=_DASHED)
    _scale(axis, trace)
    _draw_limits(axis, trace)
    _name(axis, story, trace)
    axis.yaxis.set_major_formatter(lambda value, _: number_vi(value, 4))
    axis.spines["right"].set_visible(False)
    axis.grid(axis="y", color="#e5e5e5", linewidth=0.6)
    axis.set_axisbelow(True)


def _points(lines: Sequence[ReadingLine], wanted: Callable[[ReadingLine], bool]) -> tuple[_Times, list[float]]:
    """Return instants and values, NaN where the line is to be broken."""
    values = [r.value if r.value is not None and wanted(r) else float("nan") for r in lines]
    return np.array([_x(r.observed_at) for r in lines]), values


def _mark(
    axis: Axes, lines: Sequence[ReadingLine], wanted: Callable[[ReadingLine], bool], style: Mapping[str, Any]
) -> None:
    axis.plot(*_points(lines, wanted), zorder=3, **style)


def _anomalous(line: ReadingLine) -> bool:
    return line.status == "00" and (line.score or 0.0) >= 0.5


def _flagged(line: ReadingLine) -> bool:
    return line.status == "00" and line.flag in {3, 4}


def _scale(axis: Axes, trace: Trace) -> None:
    """Fit the scale to readings and baseline, and to the limit where it is not far away."""
    shown = [r.value for r in trace.readings if r.value is not None] + list(trace.baseline.values())
    low, high = min(shown, default=0.0), max(shown, default=1.0)
    reach = max(high - low, 0.1 * abs(high), 1e-6)
    for bound in _bounds(trace):
        if low - 2.5 * reach <= bound <= high + 2.5 * reach:
            low, high = min(low, bound), max(high, bound)
    margin = 0.14 * max(high - low, 0.1 * abs(high), 1e-6)
    axis.set_ylim(low - margin, high + margin)


def _bounds(trace: Trace) -> list[float]:
    return [] if trace.limit is None else [b for b in (trace.limit.minimum, trace.limit.maximum) if b is not None]


def _draw_limits(axis: Axes, trace: Trace) -> None:
    low, high = axis.get_ylim()
    for bound in _bounds(trace):
        if low <= bound <= high:
            axis.axhline(bound, color=_VERMILLION, linestyle="--", linewidth=1.4)
            axis.annotate(
                number_vi(bound), (1.0, bound), xycoords=("axes fraction", "data"), xytext=(4, 0),
                textcoords="offset points", va="center", color=_VERMILLION, fontweight="bold",
            )  # fmt: skip


def _name(axis: Axes, story: Story, trace: Trace) -> None:
    unit = f" ({trace.sensor.unit})" if trace.sensor.unit else ""
    name = trace.name_vi if trace.name_vi == trace.name_en else f"{trace.name_vi} · {trace.name_en}"
    note = _role(story, trace)
    far = [b for b in _bounds(trace) if not axis.get_ylim()[0] <= b <= axis.get_ylim()[1]]
    if far:
        values = "–".join(number_vi(b) for b in far)
        note = Bilingual(f"{note.vi}; giới hạn {values} ở ngoài hình", f"{note.en}; limit is outside the picture")
    axis.set_title(f"{name}{unit}", loc="left", fontsize=10.5, fontweight="bold", color=_INK, pad=4)
    axis.set_title(f"{note.vi} · {note.en}", loc="right", fontsize=8.5, color=_GREY, pad=4)


def _role(story: Story, trace: Trace) -> Bilingual:
    off = abs(trace.off)
    side = Bilingual("tăng", "above") if trace.off > 0 else Bilingual("giảm", "below")
    far_vi, far_en = number_vi(round(off, 1)), number(round(off, 1))
    if trace.sensor.parameter == story.alert.parameter and not trace.moved:
        return Bilingual("có cảnh báo", "alerted")
    if trace.sensor.parameter == story.alert.parameter:
        return Bilingual(f"có cảnh báo, {side.vi} {far_vi} lần độ lệch", f"alerted, {far_en} scatters {side.en}")
    if trace.moved:
        return Bilingual(f"{side.vi} {far_vi} lần độ lệch", f"{far_en} scatters {side.en}")
    return Bilingual("bình thường", "as usual")


def _label_time(panels: Sequence[Axes], story: Story) -> None:
    shape = "%H:%M" if story.cadence.total_seconds() >= 60 else "%H:%M:%S"
    for panel in panels:
        panel.set_xlim(_x(story.start), _x(_last(story)))  # type: ignore[arg-type]
        panel.xaxis.set_major_formatter(lambda days, _: datetime.fromtimestamp(days * 86400, UTC).strftime(shape))
        panel.tick_params(labelbottom=panel is panels[-1], labelsize=8.5)
    day = story.alert.since.astimezone(VIETNAM).strftime("%d/%m/%Y")
    panels[-1].set_xlabel(f"Giờ Việt Nam, {day} · Vietnam time", fontsize=9)


def _text(story: Story) -> list[tuple[list[str], dict[str, object]]]:
    """Return the paragraphs under the panels: class, reasons and explanation, Vietnamese first."""
    alert = story.alert
    explanation = Bilingual(alert.explanation_vi, alert.explanation_en)
    reasons = () if alert.assessment is None else alert.assessment.beside(explanation.vi).reasons
    blocks: list[tuple[list[str], dict[str, object]]] = []
    for vi in (True, False):
        say = partial(_said, vi)
        style: dict[str, object] = {"color": _INK if vi else _GREY}
        heading = style | {"fontweight": "bold", "fontsize": 11 if vi else 9.5}
        if alert.triage is not None and alert.triage_probability is not None:
            head = say(Bilingual("Có thể là", "Probably"))
            river = story.station.kind is StationKind.SURFACE_WATER
            found = Assessment(alert.triage, alert.triage_probability)
            words = judged(found, alert.paged_as, over=alert.resolved_at is not None, in_river=river)
            blocks.append(([f"{head}: {say(words)}"], heading))
        elif alert.kind == AlertKind.FAULT:
            blocks.append(([say(class_words("fault")).capitalize()], heading))
            reasons = _tests_failed(story)
        points = [line for r in reasons for line in _wrapped(f"•  {say(r)}", "    ")]
        blocks.append(([*points, *_wrapped(say(explanation), "")], style | {"fontsize": 9.5 if vi else 9}))
    return blocks


def _tests_failed(story: Story) -> tuple[Bilingual, ...]:
    """Return what quality control found in the alerted parameter while the alert was open, in words."""
    bad = [r for r in story.traces[0].readings if r.observed_at >= story.alert.since and r.flag >= 4]
    names = {name for r in bad for name in r.reasons or ()}
    return tuple(words for name, words in _QC_WORDS.items() if name in names)


def _said(vietnamese: bool, words: Bilingual) -> str:
    return words.vi if vietnamese else words.en


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _WRAP, subsequent_indent=indent)


def _draw_text(axis: Axes, blocks: Sequence[tuple[list[str], dict[str, object]]]) -> None:
    axis.axis("off")
    lines = sum(len(block) for block, _ in blocks)
    axis.set_ylim(lines + 1.5, -0.2)
    axis.set_xlim(0, 1)
    y = 0.0
    for number_of, (block, style) in enumerate(blocks):
        if number_of and number_of == len(blocks) // 2:
            y += 0.6
        for line in block:
            axis.text(0, y, line, va="top", **style)  # type: ignore[arg-type]
            y += 1.3 if "fontweight" in style else 1.0


def _title_and_legend(figure: Figure, panel: Axes, story: Story) -> None:

    alert, station = story.alert, story.station
    what = alert.parameter or "trạm"
    figure.suptitle(
        f"Cảnh báo {alert.id}: {what}, {station.name_vi}\n", x=0.01, ha="left", fontsize=13, fontweight="bold"
    )
    figure.text(
        0.01, 1 - 0.36 / figure.get_figheight(),
        f"{station.code} · alert {alert.id}: {what}, {station.name_en}; rule {alert.rule}",
        fontsize=9, color=_GREY, va="top",
    )  # fmt: skip
    lines = [r for t in story.traces for r in t.readings]
    kinds: list[tuple[bool, dict[str, Any]]] = [
        (True, {"color": _BLUE, "marker": ".", "label": "giá trị đo · reading"}),
        (True, {"color": _INK, "linestyle": _DASHED, "label": "mức nền · baseline"}),
        (True, {"color": _VERMILLION, "linestyle": "--", "label": "giới hạn · limit"}),
        (any(map(_anomalous, lines)), _ANOMALOUS | {"label": "bất thường · anomalous"}),
        (any(map(_flagged, lines)), _FLAGGED | {"label": "nghi ngờ (QC) · QC-flagged"}),
        (any(r.status == "01" for r in lines), _CALIBRATING | {"label": "hiệu chuẩn · calibration"}),
        (any(r.status == "02" for r in lines), _FAULTY | {"label": "lỗi thiết bị · fault status"}),
        (any(r.revised for r in lines), _REVISED | {"label": "trạm đã sửa sau đó · revised since"}),
    ]
    marks = [panel.plot([], [], **style)[0] for seen, style in kinds if seen]
    figure.legend(handles=marks, loc="outside lower center", ncols=min(len(marks), 4), fontsize=8.5, frameon=False)
