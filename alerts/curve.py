"""The curve of a mail: readings around the incident, the limit, and where it began, as a PNG of a phone's width."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from quantrac.domain.notifications import Curve
from quantrac.domain.stations import VIETNAM, midnight
from quantrac.domain.words import number_vi

_WIDTH_IN, _PANEL_IN, _DPI = 6.4, 2.0, 150
_LEFT_IN, _RIGHT_IN, _HEAD_IN, _FOOT_IN = 0.7, 0.15, 0.35, 0.6
"""Room for numbers, for the last hour's end, for each panel's title with the space above it, and for the time."""
# Okabe and Ito's colours, which people with any colour vision tell apart.
_BLUE, _VERMILLION, _INK = "#0072B2", "#D55E00", "#222222"
_STEPS_S = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 14_400, 21_600, 43_200)
_BESIDE = 0.02
"""Share of the time shown that stays empty at each side; when an incident began that is older is not in the picture."""
_GAP_SLICES = 2.5
"""Slices without a point after which the line is broken."""


def picture(curves: Sequence[Curve]) -> bytes | None:
    """Return the curves under one another as a PNG; ``None`` where there is nothing to be seen."""
    shown = [curve for curve in curves if len(curve.points) > 1]
    if not shown:
        return None
    height_in = _PANEL_IN * len(shown) + _FOOT_IN
    figure = Figure(figsize=(_WIDTH_IN, height_in), dpi=_DPI)
    canvas = FigureCanvasAgg(figure)
    # Set by hand: to let matplotlib lay out a picture and draw it twice takes twice as long, before every mail.
    figure.subplots_adjust(
        left=_LEFT_IN / _WIDTH_IN,
        right=1 - _RIGHT_IN / _WIDTH_IN,
        bottom=_FOOT_IN / height_in,
        top=1 - _HEAD_IN / height_in,
        hspace=_HEAD_IN / (_PANEL_IN - _HEAD_IN),
    )
    panels = np.atleast_1d(figure.subplots(len(shown), 1, sharex=True))
    for panel, curve in zip(panels, shown, strict=True):
        _draw(panel, curve)
    for panel in panels[:-1]:
        panel.xaxis.set_visible(False)  # marks without words, whose making costs as much as those with
    first, last = (f(p.at for c in shown for p in c.points) for f in (min, max))
    beside = _BESIDE * (last - first)
    panels[-1].set_xlim(_x(first - beside), _x(last + beside))
    _label_time(panels[-1], first.astimezone(VIETNAM), last.astimezone(VIETNAM))
    out = BytesIO()
    # Draws once, where savefig draws twice; the lines of a curve are packed hardly better by the slower ways of zlib.
    canvas.print_png(out, pil_kwargs={"compress_level": 1})  # type: ignore[no-untyped-call]
    return out.getvalue()


def _draw(panel: Axes, curve: Curve) -> None:
    instants, low, mean, high = _with_gaps(curve)
    panel.fill_between(instants, low, high, color=_BLUE, alpha=0.2, linewidth=0)
    panel.plot(instants, mean, color=_BLUE, linewidth=1.4)
    panel.axvline(_x(curve.since), color=_INK, linewidth=1, linestyle=":")  # type: ignore[arg-type]
    _limits(panel, curve, max(p.high for p in curve.points), min(p.low for p in curve.points))
    panel.plot(instants[-1:], mean[-1:], "o", color=_BLUE, markersize=4)
    unit = f", {curve.unit}" if curve.unit else ""
    panel.set_title(f"{curve.parameter}{unit} – {curve.station}", loc="left", y=1.0, fontsize=9, fontweight="bold")
    panel.yaxis.set_major_formatter(lambda value, _: number_vi(value, 3))
    panel.tick_params(labelsize=8)
    panel.grid(axis="y", color="#e5e5e5", linewidth=0.6)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)


def _label_time(panel: Axes, first: datetime, last: datetime) -> None:
    """Mark round instants of Vietnam's clock, eight at most."""
    span_s = max((last - first).total_seconds(), 1.0)
    step = timedelta(seconds=next(s for s in _STEPS_S if span_s / s <= 8 or s == _STEPS_S[-1]))
    begun = midnight(first.date())
    at = begun + -((begun - first) // step) * step
    ticks = []
    while at <= last:
        ticks.append(at)
        at += step
    shape = "%H:%M:%S" if step < timedelta(minutes=1) else "%H:%M" if first.date() == last.date() else "%H:%M\n%d/%m"
    panel.set_xticks([_x(t) for t in ticks], [t.strftime(shape) for t in ticks])
    panel.set_xlabel(f"Giờ Việt Nam, {last:%d/%m/%Y} · Vietnam time", fontsize=8)


def _limits(panel: Axes, curve: Curve, high: float, low: float) -> None:
    """Draw the limits that are near what was measured: one far away would flatten the curve."""
    reach = max(high - low, 0.1 * abs(high), 1e-6)
    for bound in (curve.minimum, curve.maximum):
        if bound is not None and low - 3 * reach <= bound <= high + 3 * reach:
            panel.axhline(bound, color=_VERMILLION, linestyle="--", linewidth=1.3)
            above = bound < high - 0.1 * reach  # else the words would stand on the title
            panel.annotate(
                f"giới hạn {number_vi(bound)}", (0.01, bound), xycoords=("axes fraction", "data"),
                xytext=(0, 2 if above else -2), textcoords="offset points", color=_VERMILLION, fontsize=8,
                va="bottom" if above else "top",
            )  # fmt: skip


def _with_gaps(curve: Curve) -> tuple[np.ndarray, list[float], list[float], list[float]]:
    """Return the points with a break where readings are missing."""
    rows: list[tuple[np.datetime64, float, float, float]] = []
    last: datetime | None = None
    for point in curve.points:
        if last is not None and (point.at - last).total_seconds() > _GAP_SLICES * curve.slice_s:
            rows.append((_x(last), np.nan, np.nan, np.nan))
        rows.append((_x(point.at), point.low, point.mean, point.high))
        last = point.at
    instants, low, mean, high = zip(*rows, strict=True)
    return np.array(instants), list(low), list(mean), list(high)


def _x(instant: datetime) -> np.datetime64:
    """Return Vietnam's civil time as matplotlib draws it."""
    return np.datetime64(instant.astimezone(VIETNAM).replace(tzinfo=None), "ms")
