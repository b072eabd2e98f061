"""The demo's screen fits the window that it is shown in, and its counts add up."""

from __future__ import annotations

import os
from collections import deque
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from local.dropped import FileCounts
from local.screen import Screen
from sql.reports import AlertLine

NOW = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)


def alert(number: int) -> AlertLine:
    return AlertLine(
        number, "DT_CCNBTHANH_NUOSXL", "COD", "anomaly", "anomaly", "high", NOW, NOW, None, None, None, None, 80.0,
        95.2, None, 90.0, "QCVN", "Mô hình thấy COD bất thường (95,2 mg/L). " + "Chưa vượt giới hạn 90 mg/L. " * 12,
        "A model finds COD unusual (95.2 mg/L). " + "The limit 90 mg/L is not crossed. " * 12, True,
        False, "pollution", 0.97,
        ["COD, TSS cùng tăng"], ["COD, TSS rise"],
    )  # fmt: skip


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 40), (100, 30), (150, 60)])
def test_it_fits_the_window(width: int, height: int) -> None:
    stations = [
        SimpleNamespace(
            station=f"DT_{n:02}_NUOSXL",
            name_vi="Nước thải sau xử lý CCN Cái Tàu Hạ - An Nhơn (minh họa)",
            online=None if n == 15 else True,
            last_observed_at=NOW,
            open_alerts=n % 3,
        )
        for n in range(16)
    ]
    screen: Any = Screen.__new__(Screen)
    files = SimpleNamespace(drop_folder="/home/an/stations")
    screen._servers = SimpleNamespace(mail=SimpleNamespace(folder="/home/an/mail"), file_servers=(files,))
    screen._page = "http://127.0.0.1:8400/login/once/abcdefghijklmnopqrstuvwxyz0123456789"
    screen._stored = deque(maxlen=20)
    screen._reports = SimpleNamespace(stations=lambda: stations)
    account = SimpleNamespace(
        at=NOW, ledger=SimpleNamespace(stored=131_000, duplicate=210, revision=3, dead_letter=0), done=131_213,
        published=131_400, files=FileCounts(812, 810, 6_496),
        totals=SimpleNamespace(online=15, stations=16, open_alerts=5),
        delays=SimpleNamespace(p50_s=0.31, p99_s=1.2), missing_messages=0, mails=(1, 2), waiting_records=3,
        alerts=tuple(alert(n) for n in range(9, 0, -1)), paged={9: 1},
    )  # fmt: skip
    supervisor = SimpleNamespace(parts=[SimpleNamespace(pid=1)] * 6, restarts=0)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(width=width, height=height, record=True, file=nowhere)
        console.print(screen.render(account, supervisor, (width, height)))
    shown = console.export_text()
    assert len(shown.splitlines()) < height
    assert max(map(len, shown.splitlines())) <= width
    said = " ".join(shown.replace("│", " ").split())
    assert "131,400 = stored 131,000 + duplicates 210 + revisions 3 + dead letters 0 + on their way 187" in said
    assert "stations online 15 + 1 by files of 16" in said
    assert "files 810 read of 812" in said
    assert "p50/p99 0.31 s/1.20 s" in "".join(line for line in shown.splitlines() if "p50" in line), "not broken"
    assert shown.count("pollution 97 %") >= 3, "alerts are not pushed out by the reasons of one"
    assert "Vì sao · Why: Mô hình thấy COD" in said
    assert "/home/an/stations" in shown
    assert screen._page in shown.replace("\n", "")
    last = [line.split() for line in shown.splitlines() if line.strip().startswith(("15 ", "DT_15_"))]
    assert [(line[0], line[-3:]) for line in last] == {
        40: [("15", ["files", "10:00:00", "0"])], 60: [("DT_15_NUOSXL", ["files", "10:00:00", "0"])],
    }.get(height, [])  # fmt: skip
