"""Limits, rules and stations changed by two people: one proposes, another sees what it changes and approves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from starlette.datastructures import UploadFile
from starlette.responses import Response

from alerts.effective_limits import effective_limits
from alerts.proposals import Catalogue, Decision, ProposalKind, after, changed_stations, differences, problems, read
from quantrac.domain.accounts import Right
from quantrac.domain.stations import VIETNAM
from quantrac.errors import RuleError
from sql import catalogue as stored
from sql import proposals
from sql.page_rows import Cursor
from sql.proposals import ProposalRow
from sql.running_workers import running_workers_of
from web.visit import Visit, WebError, not_found, page
from web.words import PROPOSAL_STATES

MOST_TEXT = 500_000
"""Characters of a file; all stations of a province have a fifth of it."""
Mistake = tuple[str, str]


def listed(visit: Visit, mistake: Mistake | None = None, text: str = "") -> Response:
    """Show what waits and what was decided, and a form for another."""
    with visit.house.database.reading("listing proposals") as cursor:
        rows = proposals.listed(cursor)
    values = {
        "proposals": rows,
        "kinds": list(ProposalKind),
        "states": PROPOSAL_STATES,
        "mistake": mistake,
        "given": {"kind": visit.text("kind", 20), "note": visit.text("note", 2000), "document": text},
    }
    return visit.render("catalogue.html", values, http_status=400 if mistake else 200)


def propose(visit: Visit) -> Response:
    """Keep a proposal, once its file is in order and changes something."""
    kind, text = _kind(visit), _document(visit)
    with visit.house.database.reading("reading the catalogue") as cursor:
        before = _catalogue(cursor)
        running = running_workers_of(cursor)
    try:
        proposed = read(kind, text, {s.code for s in before.limit_sets})
        wrong = problems(before, proposed, _today(visit), running)
    except RuleError as exc:
        return listed(visit, (f"Chưa đề xuất được: {exc}", f"Not proposed: {exc}"), text)
    if wrong:
        told = "\n".join(wrong[:20])
        return listed(visit, (f"Chưa đề xuất được: {told}", f"Not proposed: {told}"), text)
    if not differences(before, proposed):
        return listed(visit, ("Tệp không thay đổi gì.", "The file changes nothing."), text)
    with visit.house.database.acting(visit.account.login, "keeping a proposal") as cursor:
        number = proposals.propose(cursor, kind.value, text, visit.text("note", 2000))
    return visit.goto(f"/catalogue/{number}")


def shown(visit: Visit, answer: Decision | None = None) -> Response:
    """Show one proposal: what it changes as things stand, what would be wrong, and who decides."""
    with visit.house.database.reading("reading a proposal") as cursor:
        row = _found(visit, cursor)
        before = _catalogue(cursor)
        stale = row.state == "proposed" and row.mark != proposals.mark(cursor)
        running = running_workers_of(cursor)
    try:
        proposed = read(ProposalKind(row.kind), row.document, {s.code for s in before.limit_sets})
        changes, wrong = differences(before, proposed), problems(before, proposed, _today(visit), running)
    except RuleError as exc:
        changes, wrong = [], [str(exc)]
    values = {
        "proposal": row,
        "kind": ProposalKind(row.kind),
        "state": PROPOSAL_STATES[row.state],
        "changes": changes,
        "problems": wrong,
        "stale": stale,
        "answer": answer,
        "own": row.proposed_by == visit.account.login,
    }
    refused = answer is not None and answer is not Decision.DONE
    return visit.render("proposal.html", values, http_status=409 if refused else 200)


def decide(visit: Visit) -> Response:
    """Approve, refuse or withdraw a proposal; an approval is in force with the same transaction."""
    state = visit.text("state", 20)
    if state not in {"approved", "refused", "withdrawn"}:
        raise WebError(400, "Không rõ yêu cầu.", "Unknown request.")
    with visit.house.database.acting(visit.account.login, "deciding a proposal") as cursor:
        row = _found(visit, cursor)
        answer = Decision(proposals.may_decide(cursor, row.id, state))
        if answer is Decision.DONE:
            answer = _approve(visit, cursor, row) if state == "approved" else Decision(
                proposals.decide(cursor, row.id, state))  # fmt: skip
    return shown(visit, answer)


def _approve(visit: Visit, cursor: Cursor, row: ProposalRow) -> Decision:
    before = _catalogue(cursor)
    try:
        proposed = read(ProposalKind(row.kind), row.document, {s.code for s in before.limit_sets})
        wrong = problems(before, proposed, _today(visit), running_workers_of(cursor))
    except RuleError as exc:
        raise WebError(409, f"Không duyệt được: {exc}", f"Cannot be approved: {exc}") from exc
    if wrong:
        raise WebError(409, f"Không duyệt được: {wrong[0]}", f"Cannot be approved: {wrong[0]}")
    changes = proposals.Changes(
        changed_stations(before, proposed),
        proposed.limit_sets,
        [
            stored.RuleDocument(r["code"], date.fromisoformat(r["effective_from"]), dict(r))
            for r in proposed.rules
        ],
    )  # fmt: skip
    whole = after(before, replace(proposed, stations=tuple(changes.stations)))
    limits = effective_limits(whole.registry, whole.limit_sets)
    return Decision(proposals.approve(cursor, row.id, changes, whole.registry, limits))


def _catalogue(cursor: Cursor) -> Catalogue:
    registry, limit_sets, rules = stored.stored(cursor)
    return Catalogue(registry.stations, tuple(limit_sets), tuple(rule.document for rule in rules))


def _today(visit: Visit) -> date:
    return visit.now.astimezone(VIETNAM).date()


def _found(visit: Visit, cursor: Cursor) -> ProposalRow:
    number = visit.path("id")
    row = proposals.found(cursor, int(number)) if number.isdecimal() and len(number) < 16 else None
    if row is None:
        raise not_found()
    return row


def _kind(visit: Visit) -> ProposalKind:
    try:
        return ProposalKind(visit.text("kind", 20))
    except ValueError as exc:
        raise WebError(400, "Hãy chọn loại.", "Choose what it is about.") from exc


def _document(visit: Visit) -> str:
    """Return the file that was sent, or the text that was pasted."""
    upload = visit.form.get("file")
    if isinstance(upload, UploadFile) and upload.filename:
        content = upload.file.read(4 * MOST_TEXT + 1)
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as exc:
            raise WebError(400, "Tệp không phải văn bản UTF-8.", "The file is no UTF-8 text.") from exc
    else:
        text = visit.text("document", MOST_TEXT).replace("\r\n", "\n")
    if not text.strip() or len(text) > MOST_TEXT or "\0" in text:
        raise WebError(400, "Cần một tệp TOML, tối đa 500.000 ký tự.", "A TOML file of up to 500,000 characters.")
    return text


ROUTES = [
    page("/catalogue", listed, right=Right.CATALOGUE),
    page("/catalogue", propose, right=Right.CATALOGUE, post=True),
    page("/catalogue/{id}", shown, right=Right.CATALOGUE),
    page("/catalogue/{id}", decide, right=Right.CATALOGUE, post=True),
]
