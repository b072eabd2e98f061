"""The live table of the demo: stations, readings per second, open alerts, lag, delay."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from alerts.explanations import explained
from quantrac.domain.words import Bilingual, as_text, local_clock, percentage
from quantrac.terminal import add_row

if TYPE_CHECKING:
    from local.accounts import Account
    from local.processes import Supervisor
    from local.servers import LocalServers
    from sql.reports import AlertLine, StationLine

RATE_OVER = 20
"""Looks over which readings per second are averaged: 10 s."""
_WIDE = 130
"""Columns of a window that has room for every column of the table of alerts."""
_LEAST_REASONS = 3
"""Lines of a small window that stay for the reasons of a page."""
_NO_BREAK = "\u00a0"
_SEVERITY_STYLE = {"critical": "bold white on red", "high": "bold red", "warning": "yellow", "info": "cyan"}


class Screen:
    """Turns accounts into tables, and remembers enough of the last ones for a rate."""

    def __init__(self, servers: LocalServers, labels: Path, page: str) -> None:
        from sql.reports import Reports

        self._servers, self._labels, self._page = servers, labels, page
        self._reports = Reports(servers.database().reader)
        self._stored: deque[tuple[datetime, int]] = deque(maxlen=RATE_OVER)

    def waiting(self) -> RenderableType:
        """Return what is shown before the first look."""
        return Text("The stations send their past first, from which the model learns what is usual …", style="dim")

    def interrupted(self, why: str) -> RenderableType:
        """Return what is shown while a server does not answer."""
        return Text(f"{why}\nNothing is lost meanwhile; looking again …", style="yellow")

    def render(self, account: Account, supervisor: Supervisor, size: tuple[int, int] = (150, 60)) -> RenderableType:
        """Return the screen of this moment, for a window of so many columns and lines.

        What does not fit: stations become one line, then alerts become fewer, then reasons are cut, English first.
        """
        self._stored.append((account.at, account.ledger.stored))
        width, height = size
        stations = self._reports.stations()
        figures = self._figures(account, supervisor, stations, width - 4)
        foot = [
            Text("\n".join(_link("Trang (vào một lần) · page (lets in once):", self._page, width)), style="bold"),
            _cut_line(f"E-mails: {self._servers.mail.folder}"),
            _cut_line(f"Tệp · Station files, drop yours here: {self._servers.file_servers[0].drop_folder}"),
        ]
        # The last line of a window stays free; a table has a title and heads, the panel two edges.
        left = height - 1 - (_lines(figures) + 2) - sum(map(_lines, foot)) - 2
        all_stations = left >= len(stations) + 2 + _LEAST_REASONS + 3
        left -= len(stations) + 2 if all_stations else 1
        reasons = _why(account)
        rows = min(len(account.alerts), 8, max(1, left - (_LEAST_REASONS if reasons else 0)))
        return Group(
            Panel(figures, title="quantrac demo", subtitle="Ctrl-C ends it"),
            _alerts(account.alerts, rows, wide=width >= _WIDE),
            *_fitted(reasons, width, left - max(rows, 1)),
            _stations(stations, wide=width >= _WIDE) if all_stations else _in_one_line(stations),
            *foot,
        )

    def _figures(self, account: Account, supervisor: Supervisor, stations: list[StationLine], width: int) -> Text:
        running = sum(each.pid is not None for each in supervisor.parts)
        by_files = sum(_by_files(s) for s in stations)
        online = f"{account.totals.online}" + (f" + {by_files} by files" if by_files else "")
        facts = (
            f"stations online {online} of {account.totals.stations}",
            f"readings/s {self._rate():,.0f}",
            f"delay p50/p99 {_seconds(account.delays.p50_s)}/{_seconds(account.delays.p99_s)}",
            f"missing messages {account.missing_messages}",
            f"open alerts {sum(a.resolved_at is None for a in account.alerts)}",
            f"e-mails {len(account.mails)}",
            f"files {account.files.read:,} read of {account.files.files:,}",
            f"processes {running}/{len(supervisor.parts)}, {supervisor.restarts} restarts",
        )
        # What has arrived was published, also where the fleet's own report is a second older.
        ledger, published = account.ledger, max(account.published, account.done)
        terms = (
            f"published {published:,}",
            f"= stored {ledger.stored:,}",
            f"+ duplicates {ledger.duplicate:,}",
            f"+ revisions {ledger.revision:,}",
            f"+ dead letters {ledger.dead_letter:,}",
            f"+ on their way {published - account.done:,}",
        )
        found = Text("\n".join(_unbroken(facts, " · ", width)))
        return found.append("\n" + "\n".join(_unbroken(terms, " ", width)), style="dim")

    def _rate(self) -> float:
        (first, before), (last, now) = self._stored[0], self._stored[-1]
        seconds = (last - first).total_seconds()
        return (now - before) / seconds if seconds > 0 else 0.0


def _alerts(alerts: tuple[AlertLine, ...], most: int, *, wide: bool) -> Table:
    """Return the newest alerts; in a narrow window the columns that tell the story."""
    table = Table(title="Cảnh báo · Alerts of this run, newest first", title_justify="left", box=None, expand=True)
    heads = ["severity", "station", "parameter", "rule", "since", "worst", "limit", "class", "state", "told"]
    narrow = ["station", "parameter", "since", "worst", "class", "told"]
    for head in heads if wide else narrow:
        table.add_column(head, no_wrap=True, overflow="ellipsis")
    for a in alerts[:most]:
        cells: dict[str, str | Text] = {
            "severity": Text(a.severity, style=_SEVERITY_STYLE.get(a.severity, "")),
            "station": a.station if wide else _short(a.station),
            "parameter": a.parameter,
            "rule": a.rule,
            "since": local_clock(a.since),
            "worst": as_text(a.peak_value),
            "limit": as_text(a.limit_maximum),
            "class": "-" if a.triage is None else f"{a.triage} {percentage(a.triage_probability or 0)}",
            "state": "open" if a.resolved_at is None else f"resolved {local_clock(a.resolved_at)}",
            "told": "e-mail" if a.page else "work item",
        }
        add_row(table, *(cells[head] for head in (heads if wide else narrow)))
    return table


def _in_one_line(stations: list[StationLine]) -> Text:
    alerted = [s.station for s in stations if s.open_alerts]
    offline = [s.station for s in stations if s.online is False]
    words = f"Trạm · Stations: {len(stations)}, offline {len(offline)}, with open alerts {len(alerted)}"
    return Text(words, no_wrap=True, overflow="ellipsis")


def _unbroken(facts: Iterable[str], between: str, width: int) -> list[str]:
    """Return facts in lines of a width, none of them broken."""
    whole = between.join(fact.replace(" ", _NO_BREAK) for fact in facts)
    return [line.replace(_NO_BREAK, " ") for line in wrap(whole, width)]


def _link(words: str, address: str, width: int) -> list[str]:
    """Return words and an address, which begins a line of its own where it would be broken."""
    if len(words) + 1 + len(address) <= width:
        return [f"{words} {address}"]
    return [words, *(address[n : n + width] for n in range(0, len(address), width))]


def _lines(text: Text) -> int:
    return text.plain.count("\n") + 1


def _cut_line(words: str) -> Text:
    return Text(words, style="dim", no_wrap=True, overflow="ellipsis")


def _fitted(reasons: list[str], width: int, most: int) -> list[Text]:
    """Return what fits into so many lines of the Vietnamese and then of the English words; what is cut ends so: …."""
    found: list[Text] = []
    for words, style in zip(reasons, ("", "dim"), strict=False):
        lines = wrap(words, width)
        if len(lines) > most > 0:
            lines = [*lines[: most - 1], lines[most - 1][: width - 2] + " …"]
        if most > 0:
            found.append(Text("\n".join(lines[:most]), style=style))
        most -= len(lines)
    return found


def _why(account: Account) -> list[str]:
    """Return the explanation of the alert for which officers were paged last, the model's before that of a limit."""
    paged = [a for a in account.alerts if a.id in account.paged and a.resolved_at is None]
    newest = next((a for a in paged if a.kind == "anomaly"), next(iter(paged), None))
    if newest is None:
        return []
    words = explained(Bilingual(newest.explanation_vi, newest.explanation_en), newest.assessment, newest.paged_as)
    return [f"Vì sao · Why: {words.vi}", words.en]


def _stations(stations: list[StationLine], *, wide: bool) -> Table:
    """Return all stations; in a narrow window names are cut, and nothing else."""
    table = Table(title="Trạm · Stations", title_justify="left", box=None, expand=True)
    table.add_column("code" if wide else "station", no_wrap=True)
    table.add_column("tên trạm", no_wrap=True, ratio=1)
    for head in ("state", "last reading", "open alerts"):
        table.add_column(head if wide else head.split()[0], no_wrap=True)
    for s in stations:
        state = Text(_state(s), style="green" if s.online or _by_files(s) else "red")
        last = "-" if s.last_observed_at is None else local_clock(s.last_observed_at)
        alerts = Text(str(s.open_alerts), style="bold red" if s.open_alerts else "dim")
        add_row(table, s.station if wide else _short(s.station), s.name_vi, state, last, alerts)
    return table


def _short(station: str) -> str:
    return station.removeprefix("DT_").removesuffix("_NUOSXL")


def _by_files(station: StationLine) -> bool:
    """Whether a station is known by what came of it alone: a logger that writes files has no session at the broker."""
    return station.online is None and station.last_observed_at is not None


def _state(station: StationLine) -> str:
    if _by_files(station):
        return "files"
    return "-" if station.online is None else "online" if station.online else "offline"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"
