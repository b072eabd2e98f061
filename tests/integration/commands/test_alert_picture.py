"""The picture of an alert, made by the command as the reader role from a real database."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.effective_limits import effective_limits
from alerts.limits import load_limit_sets, packaged_limits
from quantrac.domain.alerts import AlertKey, AlertKind, Assessment, Severity, Transition, TransitionKind
from quantrac.domain.limits import Limit
from quantrac.domain.notifications import Channel, Notification
from quantrac.domain.readings import CheckedReading, Flag, QcReason, Reading, Status, StoredRow
from quantrac.domain.words import Bilingual
from quantrac.endpoints import DatabaseEndpoint
from quantrac.registry import parse_registry, registry_sha256
from sql.catalogue import import_limit_sets, import_registry, load_registry
from sql.catalogue import load_limit_sets as stored_limit_sets
from sql.reports import Reports
from sql.worker_store import WorkerStore

Run = Callable[..., "subprocess.CompletedProcess[str]"]
STATION = "DT_TEST_NUOSXL"
START = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
STEP = timedelta(minutes=5)
BEGIN, OPENED, CROSSED, LAST = 420, 423, 432, 444
LEVELS = {"COD": (40.0, "mg/L"), "TSS": (22.0, "mg/L"), "NH4": (2.4, "mg/L"), "pH": (7.2, ""), "Flow": (110.0, "m3/h")}
REGISTRY = """
[[station]]
code = "DT_TEST_NUOSXL"
effective_from = 2026-01-01
name_vi = "Trạm thử nghiệm nước thải Đồng Tháp"
name_en = "Test station"
kind = "effluent"
operator = "-"
longitude = 105.75
latitude = 10.29
limit_set = "QCVN40-2011-A"
kq = 1.2
kf = 1.0
""" + "".join(
    f'[[station.sensor]]\nparameter = "{p}"\nunit = "{u}"\ncadence_s = 300\nqc = {{ sensor_max = 500 }}\n'
    for p, (_, u) in LEVELS.items()
)
"""COD is limited to 75 x 1.2 = 90 mg/L."""
ASSESSMENT = Assessment(
    "pollution",
    0.91,
    (
        Bilingual("COD, TSS, NH4 cùng tăng", "COD, TSS, NH4 rose together"),
        Bilingual("tăng dần trong 45 phút", "gradual rise over 45 min"),
        Bilingual("lưu lượng không đổi", "flow is unchanged"),
    ),
)


def value(parameter: str, i: int) -> float:
    """A quiet day, then from row ``BEGIN`` on COD, TSS and NH4 rise together; COD passes 90 at row ``CROSSED``."""
    level, _ = LEVELS[parameter]
    wave = 1 + (0.03 * math.sin(i / 23) + 0.01 * math.sin(i * 2.7)) * (0.2 if parameter == "pH" else 1.0)
    rise = {"COD": 0.111, "TSS": 0.09, "NH4": 0.06}.get(parameter, 0.0) * max(i - BEGIN, 0)
    return round(level * wave * (1 + rise), 2)


def rows() -> list[StoredRow]:
    made = []
    for i in range(LAST + 1):
        at = START + i * STEP
        for parameter in LEVELS:
            calibrating = parameter == "pH" and 350 <= i < 356
            status = Status.CALIBRATING if calibrating else Status.MEASURING
            flag = Flag.SUSPECT if parameter == "TSS" and i == 380 else Flag.NOT_EVALUATED if calibrating else Flag.GOOD
            score = 0.8 if parameter in {"COD", "TSS"} and i >= BEGIN + 2 else 0.1
            reading = Reading(STATION, parameter, at, at, 4.0 if calibrating else value(parameter, i), status)
            made.append(StoredRow(CheckedReading(reading, flag, score=score), partition=0, offset=i))
    return made


def transition(
    parameter: str, cls: Assessment | None, *, page: bool, kind: AlertKind = AlertKind.ANOMALY
) -> Transition:
    return Transition(
        AlertKey(STATION, parameter, kind.value), TransitionKind.OPENED, kind, Severity.HIGH, "held",
        START + OPENED * STEP, START + (BEGIN + 1) * STEP, 52.0,
        Limit(parameter, "mg/L", None, 90.0, "QCVN 40:2011/BTNMT cột A"),
        Bilingual(
            f"Mô hình thấy {parameter} bất thường (52 mg/L). Chưa vượt giới hạn 90 mg/L.",
            f"A model finds {parameter} unusual (52 mg/L). The limit 90 mg/L is not crossed.",
        ),
        page, cls,
    )  # fmt: skip


@pytest.fixture
def slug(database: DatabaseEndpoint) -> int:
    """A slug at COD of which officers were told, and the number of its alert."""
    registry = parse_registry(REGISTRY, "test")
    import_registry(database.owner, registry, registry_sha256(registry), effective_limits)
    import_limit_sets(database.owner, load_limit_sets([packaged_limits()]), effective_limits)
    store = WorkerStore(database.writer)
    with store.transaction() as tx:
        tx.readings.store(rows())
        alert_id, transition_id, _ = tx.alerts.apply(transition("COD", ASSESSMENT, page=True)) or (0, 0, False)
        tx.alerts.enqueue(alert_id, transition_id, [Notification("<1@q>", Channel.EMAIL, "a@b", "s", "t", "<p>")])
    store.close()
    return alert_id


@pytest.fixture
def quantrac(database: DatabaseEndpoint) -> Run:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        env = os.environ | {"QUANTRAC_DATABASE_READER_URL": database.reader}
        command = [sys.executable, "-m", "quantrac", *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)

    return run


def test_the_reader_role_suffices_to_draw_a_slug(quantrac: Run, slug: int, tmp_path: Path) -> None:
    out = tmp_path / "slug.png"
    done = quantrac("alerts", "picture", str(slug), "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{out}: alert {slug}, {STATION} COD\n"
    assert "Glyph" not in done.stderr  # a font without Vietnamese would say so
    picture = out.read_bytes()
    assert picture.startswith(b"\x89PNG")
    width, height = (int.from_bytes(picture[at : at + 4]) for at in (16, 20))
    assert (900 < width < 1300, 500 < height < 1300) == (True, True)
    assert len(picture) < 250_000


def test_the_story_has_what_moved_what_was_crossed_and_who_was_told(database: DatabaseEndpoint, slug: int) -> None:
    from web.incidents.story import story_of

    with Reports(database.reader) as reports:
        alert = reports.alert(slug)
        assert alert is not None
        story = story_of(reports, load_registry(database.reader), stored_limit_sets(database.reader), alert)
    assert [t.sensor.parameter for t in story.traces[:3]] == ["COD", "TSS", "NH4"]
    assert [t.moved for t in story.traces] == [True, True, True, False]
    assert story.traces[0].limit is not None
    assert story.traces[0].limit.maximum == 90.0
    assert story.crossed_at == START + CROSSED * STEP
    assert story.paged is not None
    assert story.paged.observed_at == alert.opened_at
    # Causal: at the row where the rise begins the baseline knows nothing of it.
    assert story.traces[0].baseline[START + BEGIN * STEP] == pytest.approx(40.0, rel=0.05)


def test_14_what_was_revised_since_is_shown_as_it_was_known_then(
    database: DatabaseEndpoint, slug: int, tmp_path: Path
) -> None:
    # two days later the station sends 20 mg/L for every reading of the slug
    from commands.alerts.picture import draw
    from web.incidents.story import story_of

    def revised(row: StoredRow) -> StoredRow:
        reading = row.checked.reading
        other = replace(reading, value=20.0, received_at=reading.received_at + timedelta(days=2))
        return row._replace(checked=row.checked._replace(reading=other, score=None))

    of_slug = [r for r in rows() if r.checked.reading.observed_at >= START + BEGIN * STEP]
    later = [revised(row) for row in of_slug if row.checked.reading.parameter == "COD"]
    store = WorkerStore(database.writer)
    with store.transaction() as tx:
        tx.readings.store(later)
    store.close()
    with Reports(database.reader) as reports:
        alert = reports.alert(slug)
        assert alert is not None
        story = story_of(reports, load_registry(database.reader), stored_limit_sets(database.reader), alert)
        assert {r.value for r in reports.readings(STATION, START + BEGIN * STEP, alert.opened_at)} >= {20.0}
    shown = {r.observed_at: r for r in story.traces[0].readings}
    for i in (BEGIN - 1, BEGIN, CROSSED, CROSSED + 1):
        line = shown[START + i * STEP]
        assert (line.value, line.revised) == (value("COD", i), i >= BEGIN)
    assert story.crossed_at == START + CROSSED * STEP
    draw(story, tmp_path / "revised.png")


def test_a_picture_has_decimal_commas_and_no_reason_twice(
    database: DatabaseEndpoint, slug: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    from commands.alerts.picture import draw
    from web.incidents.story import story_of

    said = list[str]()

    def read(figure: Figure, *_: object, **__: object) -> None:
        figure.canvas.draw()
        said.extend(text.get_text() for text in figure.findobj(Text))

    monkeypatch.setattr(Figure, "savefig", read)
    store = WorkerStore(database.writer)
    with store.transaction() as tx:
        item, _, _ = tx.alerts.apply(transition("pH", ASSESSMENT, page=False)) or (0, 0, False)
    store.close()
    with Reports(database.reader) as reports:
        alert = reports.alert(item)
        assert alert is not None
        story = story_of(reports, load_registry(database.reader), stored_limit_sets(database.reader), alert, hours=8)
    less = [tuple(r._replace(value=(r.value or 0.0) / 100) for r in t.readings) for t in story.traces]
    small = tuple(replace(t, limit=None, baseline={}, readings=r) for t, r in zip(story.traces, less, strict=True))
    told = replace(alert, explanation_vi=f"Mô hình thấy: {ASSESSMENT.reasons[0].vi}.")
    draw(replace(story, alert=told, traces=small), tmp_path / "item.png")
    numbers = [text for text in said if re.fullmatch(r"\d+[.,]\d+", text)]
    assert numbers
    assert all("," in number for number in numbers)
    words = "\n".join(said)
    assert words.count(ASSESSMENT.reasons[0].vi) == 1
    assert words.count(ASSESSMENT.reasons[1].vi) == 1


def test_a_work_item_says_that_nobody_is_told(database: DatabaseEndpoint, slug: int, tmp_path: Path) -> None:
    from commands.alerts.picture import draw, events_of
    from web.incidents.story import story_of

    store = WorkerStore(database.writer)
    with store.transaction() as tx:
        item, _, _ = tx.alerts.apply(transition("pH", None, page=False)) or (0, 0, False)
    store.close()
    with Reports(database.reader) as reports:
        alert = reports.alert(item)
        assert alert is not None
        story = story_of(reports, load_registry(database.reader), stored_limit_sets(database.reader), alert, hours=8)
    assert (story.paged, story.crossed_at) == (None, None)
    said = " ".join(e.words.vi for e in events_of(story))
    assert "không báo ai" in said
    assert "Chưa vượt giới hạn" in said
    draw(story, tmp_path / "item.png")
    assert (tmp_path / "item.png").stat().st_size > 10_000


def test_an_instruments_fault_says_which_test_it_failed(database: DatabaseEndpoint, slug: int, tmp_path: Path) -> None:
    from commands.alerts.picture import draw
    from web.incidents.story import story_of

    stuck = [
        row._replace(checked=row.checked._replace(flag=Flag.BAD, reasons=(QcReason.FLAT_LINE,)), offset=9000 + i)
        for i, row in enumerate(rows())
        if row.checked.reading.parameter == "NH4"
    ]
    later = [
        r._replace(checked=r.checked._replace(reading=replace(r.checked.reading, observed_at=at + timedelta(days=9))))
        for r in stuck
        for at in (r.checked.reading.observed_at,)
    ]
    opened = transition("NH4", None, page=False, kind=AlertKind.FAULT)
    store = WorkerStore(database.writer)
    with store.transaction() as tx:
        tx.readings.store(later)
        moved = replace(
            opened, observed_at=opened.observed_at + timedelta(days=9), since=opened.since + timedelta(days=9)
        )
        item, _, _ = tx.alerts.apply(moved) or (0, 0, False)
    store.close()
    with Reports(database.reader) as reports:
        alert = reports.alert(item)
        assert alert is not None
        story = story_of(reports, load_registry(database.reader), stored_limit_sets(database.reader), alert)
    assert {tuple(r.reasons or ()) for r in story.traces[0].readings} == {("flat_line",)}
    draw(story, tmp_path / "fault.png")
    assert (tmp_path / "fault.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("number", "said"), [("999", "There is no alert 999"), ("0", "There is no alert 0")], ids=["unknown", "zero"]
)
def test_an_unknown_alert_is_told(quantrac: Run, slug: int, number: str, said: str, tmp_path: Path) -> None:
    done = quantrac("alerts", "picture", number, "--out", str(tmp_path / "x.png"))
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_does_not_exist_is_told(quantrac: Run, slug: int, tmp_path: Path) -> None:
    done = quantrac("alerts", "picture", str(slug), "--out", str(tmp_path / "none" / "x.png"))
    assert done.returncode != 0
    assert "cannot be written: No such file or directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_readings_that_are_gone_are_told(quantrac: Run, database: DatabaseEndpoint, slug: int, tmp_path: Path) -> None:
    import psycopg

    with psycopg.connect(database.owner) as connection:
        connection.execute("DELETE FROM readings")
    done = quantrac("alerts", "picture", str(slug), "--out", str(tmp_path / "x.png"))
    assert done.returncode != 0
    assert f"No readings of COD at {STATION} are stored around alert {slug}" in done.stderr
