"""What revised readings would change, and what officers decided of it. Pure."""

from __future__ import annotations

from quantrac.domain.revisions import PendingCause, PendingState
from reports import words
from reports.document import Column, Kind, Table, Text
from reports.facts import Facts
from reports.tables.exceedances import MOST_ROWS

_STATES = {
    PendingState.WAITING: Text("Chờ duyệt, kết quả cũ có hiệu lực", "Waits: the old finding stands"),
    PendingState.ACCEPTED: Text("Chấp nhận", "Accepted"),
    PendingState.REJECTED: Text("Từ chối, kết quả cũ có hiệu lực", "Rejected: the old finding stands"),
    PendingState.SUPERSEDED: Text("Đã thay", "Replaced"),
}
_CAUSES = {
    PendingCause.REVISED: Text("Gửi lại", "Sent again"),
    PendingCause.SOFTENED: Text("Bổ sung, làm nhẹ đi", "Others came, softening it"),
}


def decisions(facts: Facts) -> Table | None:
    """Return the findings that revised readings would change; ``None`` when there is none."""
    rows = facts.rows.pending
    if not rows:
        return None
    return Table(
        code="decisions",
        title=Text("Kết quả chờ duyệt do số liệu sửa đổi", "Findings that revised readings would change"),
        columns=(
            Column(words.START, Kind.INSTANT),
            Column(Text("Kỳ", "Window")),
            Column(words.PARAMETER),
            Column(Text("Vì sao", "Why")),
            Column(Text("Số liệu gửi lại", "Readings"), Kind.NUMBER),
            Column(Text("Trung bình cũ", "Standing mean"), Kind.NUMBER, 4),
            Column(Text("Kết quả cũ", "Standing finding")),
            Column(Text("Trung bình mới", "Revised mean"), Kind.NUMBER, 4),
            Column(Text("Kết quả mới", "Revised finding")),
            Column(Text("Tình trạng", "State")),
            Column(Text("Quyết định lúc", "Decided at"), Kind.INSTANT),
            Column(Text("Ai, lý do", "Who, why")),
        ),
        rows=tuple(
            (
                row.start,
                words.WINDOW[row.window],
                row.parameter,
                _CAUSES[row.cause],
                row.revised_readings,
                row.standing_mean,
                words.VERDICT[row.standing_verdict],
                row.mean,
                words.VERDICT[row.verdict],
                _STATES[row.state],
                row.decided_at,
                None if row.decided_by is None else f"{row.decided_by}: {row.decision_reason}",
            )
            for row in rows[:MOST_ROWS]
        ),
        origin=Text(
            "Kết quả đã xét chỉ thay đổi khi cán bộ chấp nhận số liệu gửi lại; mọi quyết định có trong sổ kiểm toán.",
            "A finding changes only when an officer accepts the readings that were sent again; the audit has each "
            "decision.",
        ),
        left_out=max(len(rows) - MOST_ROWS, 0),
    )
