"""The live table of the demo: stations, readings per second, open alerts, lag, delay."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from pathlib import Path
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
_FIGURE_LINES = 7
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

        What does not fit is left out from the bottom: stations become one line, then alerts become fewer.
        """
        self._stored.append((account.at, account.ledger.stored))
        width, height = size
        stations = self._reports.stations()
        why = _why(account)
        page = Text(f"Trang (vào một lần) · page (lets in once): {self._page}", style="bold")
        left = height - _FIGURE_LINES - 2 - sum(_lines_of(text, width) for text in (*why, page))
        all_stations = left >= len(stations) + 2 + 5
        left -= len(stations) + 2 if all_stations else 2
        return Group(
            Panel(self._figures(account, supervisor, stations), title="quantrac demo", subtitle="Ctrl-C ends it"),
            _alerts(account.alerts, max(1, min(8, left - 2)), wide=width >= _WIDE),
            *why,
            _stations(stations) if all_stations else _in_one_line(stations),
            page,
            Text(f"E-mails: {self._servers.mail.folder}", style="dim", no_wrap=True, overflow="ellipsis"),
            Text(
                f"Tệp · Station files, drop yours here: {self._servers.file_servers[0].drop_folder}",
                style="dim",
                no_wrap=True,
                overflow="ellipsis",
            ),
        )

    def _figures(self, account: Account, supervisor: Supervisor, stations: list[StationLine]) -> RenderableType:
        running = sum(each.pid is not None for each in supervisor.parts)
        ledger, published = account.ledger, account.published
        on_the_way = max(0, published - account.done)
        sum_of = (
            f"published {published:,} = stored {ledger.stored:,} + duplicates {ledger.duplicate:,} + revisions "
            f"{ledger.revision:,} + dead letters {ledger.dead_letter:,} + on their way {on_the_way:,}"
        )
        by_files = sum(_by_files(s) for s in stations)
        facts = (
            f"stations online {account.totals.online}"
            + (f" + {by_files} by files" if by_files else "")
            + f" of {account.totals.stations}",
            f"readings/s {self._rate():,.0f}",
            f"delay p50/p99 {_seconds(account.delays.p50_s)}/{_seconds(account.delays.p99_s)}",
            f"missing messages {account.missing_messages}",
            f"open alerts {account.totals.open_alerts}",
            f"e-mails {len(account.mails)}",
            f"files {account.files.read:,} read of {account.files.files:,}",
            f"processes {running}/{len(supervisor.parts)}, {supervisor.restarts} restarts",
        )
        return Group(Text(" · ".join(facts)), Text(sum_of, style="dim"))

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
            "station": a.station if wide else a.station.removeprefix("DT_").removesuffix("_NUOSXL"),
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


def _lines_of(text: Text, width: int) -> int:
    return -(-text.cell_len // max(width, 1))


def _why(account: Account) -> list[Text]:
    """Return the explanation of the alert for which officers were paged last, the model's before that of a limit."""
    paged = [a for a in account.alerts if a.id in account.paged and a.resolved_at is None]
    newest = next((a for a in paged if a.kind == "anomaly"), next(iter(paged), None))
    if newest is None:
        return []
    words = explained(Bilingual(newest.explanation_vi, newest.explanation_en), newest.assessment)
    return [Text(f"Vì sao · Why: {words.vi}"), Text(words.en, style="dim")]


def _stations(stations: list[StationLine]) -> Table:
    table = Table(title="Trạm · Stations", title_justify="left", box=None, expand=True)
    for head in ("code", "tên trạm", "state", "last reading", "open alerts"):
        table.add_column(head, no_wrap=True)
    for s in stations:
        state = Text(_state(s), style="green" if s.online or _by_files(s) else "red")
        last = "-" if s.last_observed_at is None else local_clock(s.last_observed_at)
        alerts = Text(str(s.open_alerts), style="bold red" if s.open_alerts else "dim")
        add_row(table, s.station, s.name_vi, state, last, alerts)
    return table


def _by_files(station: StationLine) -> bool:
    """Whether a station is known by what came of it alone: a logger that writes files has no session at the broker."""
    return station.online is None and station.last_observed_at is not None


def _state(station: StationLine) -> str:
    if _by_files(station):
        return "files"
    return "-" if station.online is None else "online" if station.online else "offline"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"
