"""The page of a sealed file that people read: Vietnamese first, the curve as a drawing inside it, no script. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from html import escape
from typing import Any

from alerts.messages import SEVERITY
from quantrac.domain.evidence import EvidenceFacts, Row
from quantrac.domain.words import as_text, number_vi

WIDTH, HEIGHT, LEFT, BOTTOM = 900, 260, 70, 30
MOST_CURVES = 4
MOST_HISTORY = 200
_USABLE = frozenset({1, 2})
_STYLE = (
    "body{font-family:sans-serif;max-width:60rem;margin:1rem auto;padding:0 1rem;color:#111}"
    "table{border-collapse:collapse;font-size:.85rem;display:block;overflow-x:auto}"
    "td,th{border:1px solid #bbb;padding:.2rem .4rem;text-align:left;"
    "vertical-align:top}svg{width:100%;height:auto;border:1px solid #ccc}h2{margin-top:2rem}small{color:#555}"
)


def summary(facts: EvidenceFacts) -> str:
    """Return the page."""
    body = "".join(_body(facts))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="vi"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_e('Sự cố')} {_e(facts.incident.get('id'))}</title><style>{_STYLE}</style></head>"
        f"<body>{body}</body></html>\n"
    )


def _body(facts: EvidenceFacts) -> Iterator[str]:
    incident = facts.incident
    names = {str(row["code"]): str(row.get("name_vi", "")) for row in facts.stations}
    where = ", ".join(f"{names.get(s, s)} ({s})" for s in incident.get("stations", ()))
    number = _e(incident.get("id"))
    yield f"<h1>Hồ sơ sự cố số {number}<br><small>Evidence of incident {number}</small></h1>"
    yield "<p>Mọi giờ là giờ Việt Nam (UTC+7). All times are Vietnam's (UTC+7).</p>"
    yield _table(
        ("", ""),
        [
            ("Nơi xảy ra / Where", where),
            ("Từ lúc / Since", incident.get("since")),
            ("Mở / Opened", incident.get("opened_at")),
            ("Đã báo / Told", incident.get("paged_at")),
            ("Người nhận / Taken by", incident.get("holder")),
            ("Kết thúc / Resolved", incident.get("resolved_at")),
            ("Nguyên nhân / Cause", f"{incident.get('cause') or '-'} {incident.get('cause_text') or ''}"),
            ("Người đóng / Closed by", incident.get("closed_by")),
            ("Nối tiếp sự cố số / Follows no.", incident.get("follows")),
            ("Trạng thái / State", incident.get("state")),
            ("Mức / Severity", _severity(incident.get("severity"))),
        ],
    )
    yield "<h2>Cảnh báo / Alerts</h2>"
    yield _table(
        ("Trạm", "Thông số", "Quy tắc", "Mức", "Từ lúc", "Đến", "Giải thích / Explanation"),
        (
            (a["station"], a["parameter"], a["rule"], _severity(a["severity"]), a["since"], a["resolved_at"],
             f"{a['explanation_vi']} / {a['explanation_en']}")
            for a in facts.alerts
        ),
    )  # fmt: skip
    yield "<h2>Diễn biến / The curve</h2>"
    yield from _curves(facts)
    yield "<h2>Ai làm gì, báo gì và vì sao / Who did what, what was told and why</h2>"
    yield _table(
        ("Lúc", "Ai", "Việc", "Lý do", "Chi tiết"),
        (
            (h["at"], h["actor"] or "quantrac", h["what"], h["reason"], h["detail"])
            for h in facts.history[:MOST_HISTORY]
        ),
    )
    yield "<h2>Giới hạn / Limits</h2>"
    yield _table(
        ("Trạm", "Thông số", "Nhỏ nhất", "Lớn nhất", "Đơn vị", "Nguồn / Source"),
        ((r["station"], r["parameter"], r["minimum"], r["maximum"], r["unit"], r["source"]) for r in facts.limits),
    )
    records = len({(r["raw_partition"], r["raw_offset"]) for r in facts.readings})
    yield (
        f"<p>{len(facts.readings)} giá trị đo; {len(facts.raw)} trong {records} bản tin gốc được lưu kèm. "
        f"{len(facts.readings)} readings; {len(facts.raw)} of {records} original records are enclosed. "
        f"{_left_out(records - len(facts.raw))}"
        "Không dùng để tính tiền phạt. Not a basis for a fine.</p>"
    )


def _severity(code: object) -> str:
    words = next((words for severity, words in SEVERITY.items() if severity.value == code), None)
    return str(code) if words is None else f"{words.vi.capitalize()} / {words.en.lower()}"


def _left_out(records: int) -> str:
    """Say why original bytes are missing and where they are: nobody may take the file for whole."""
    if records <= 0:
        return ""
    return (
        f"<b>Thiếu {records} bản tin gốc: khi niêm phong, Kafka không trả lời, không được hỏi, hoặc không còn giữ. "
        f"{records} original records are missing: when this was sealed Kafka did not answer, was not asked, or no "
        "longer had them.</b> readings.csv: kafka_sha256 trống / empty, phân vùng và vị trí / partition and offset. "
    )


def _curves(facts: EvidenceFacts) -> Iterator[str]:
    wanted = dict.fromkeys((str(a["station"]), str(a["parameter"])) for a in facts.alerts if a["parameter"])
    marks = [
        (m, w) for m, w in ((facts.incident.get("opened_at"), "mở"), (facts.incident.get("resolved_at"), "hết")) if m
    ]
    for station, parameter in list(wanted)[:MOST_CURVES]:
        rows = [r for r in facts.readings if (r["station"], r["parameter"]) == (station, parameter)]
        limit = next((x for x in facts.limits if (x["station"], x["parameter"]) == (station, parameter)), None)
        yield f"<h3>{_e(station)} {_e(parameter)}</h3>{curve(rows, limit, marks)}"


def curve(rows: Sequence[Row], limit: Row | None, marks: Iterable[tuple[datetime, str]]) -> str:
    """Return readings as a drawing: usable ones joined, others as crosses, limits dashed, the moments as lines."""
    points = [(r["observed_at"], r["value"], r["flag"] in _USABLE and r["status"] == "00") for r in rows]
    known = [p for p in points if p[1] is not None]
    if not known:
        return "<p>Không có giá trị / No values.</p>"
    bounds = [b for b in ((limit or {}).get("minimum"), (limit or {}).get("maximum")) if b is not None]
    first, last = points[0][0], points[-1][0]
    values = [v for _, v, _ in known] + bounds
    low, high = min(*values, 0.0) if min(values) >= 0 else min(values), max(values)
    span_s, span = max((last - first).total_seconds(), 1.0), (high - low) or 1.0

    def x(at: datetime) -> float:
        return float(round(LEFT + (at - first).total_seconds() / span_s * (WIDTH - LEFT - 10), 1))

    def y(value: float) -> float:
        return float(round(10 + (high - value) / span * (HEIGHT - BOTTOM - 10), 1))

    line = " ".join(f"{x(t)},{y(v)}" for t, v, usable in known if usable)
    drawn = [f'<polyline points="{line}" fill="none" stroke="#1756a9" stroke-width="1.5"/>']
    drawn += [f'<path d="M{x(t) - 3} {y(v) - 3}l6 6m0 -6l-6 6" stroke="#a33"/>' for t, v, usable in known if not usable]
    for bound in bounds:
        drawn.append(f'<path d="M{LEFT} {y(bound)}H{WIDTH - 10}" stroke="#b00" stroke-dasharray="6 4"/>')
        drawn.append(_label(LEFT - 4, y(bound) + 4, number_vi(bound), "end"))
    for at, word in marks:
        if first <= at <= last:
            drawn.append(f'<path d="M{x(at)} 10V{HEIGHT - BOTTOM}" stroke="#666" stroke-dasharray="2 3"/>')
            drawn.append(_label(x(at) + 3, 20, word, "start"))
    drawn += [_label(LEFT - 4, y(high) + 10, number_vi(high), "end"), _label(LEFT - 4, y(low), number_vi(low), "end")]
    drawn += [_label(LEFT, HEIGHT - 8, as_text(first), "start"), _label(WIDTH - 10, HEIGHT - 8, as_text(last), "end")]
    unit = escape(str((limit or {}).get("unit") or ""))
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>{unit}</title>{"".join(drawn)}</svg>'


def _label(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" font-size="11" text-anchor="{anchor}">{escape(text)}</text>'


def _table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    head = "".join(f"<th>{_e(h)}</th>" for h in heads) if any(heads) else ""
    lines = "".join(f"<tr>{''.join(f'<td>{_e(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>{f'<tr>{head}</tr>' if head else ''}{lines}</table>"


def _e(value: object) -> str:
    """Return a value as text of the page: no markup, no direction override, no control character of it survives."""
    if isinstance(value, float):
        text = number_vi(value, 6)
    else:
        text = "-" if value is None else as_text(value) if isinstance(value, datetime) else str(value)
    return escape("".join(c if c.isprintable() else " " for c in text))
