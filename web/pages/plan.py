"""People, rotas and escalation policies changed on the page; what is wrong with the whole is shown after every save."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from alerts.oncall import check as checking
from alerts.oncall.document import of_rows
from alerts.oncall.editing import KINDS, StaleError, edited, found_in, version_of
from quantrac.domain.accounts import Right
from quantrac.domain.alerts import Severity
from quantrac.domain.oncall import OnCallRows, PersonRole
from quantrac.errors import RuleError
from web.oncall import forms
from web.pages.duty import oncall_of, store_of
from web.visit import Visit, WebError, not_found, page

Document = Mapping[str, Any]


def plan(visit: Visit) -> Response:
    """List what can be changed, and what is wrong with it."""
    rows, oncall = oncall_of(visit)
    values = {
        "people": oncall.people,
        "rotas": oncall.rotas,
        "policies": oncall.policies,
        "findings": checking.check(oncall, visit.now),
        "names": {r.code: r.title for r in oncall.rotas} | {p.code: p.name for p in oncall.people},
        "rows": rows,
        "saved": visit.request.query_params.get("saved") == "1",
    }
    return visit.render("plan.html", values)


def form(visit: Visit) -> Response:
    """Show the form of one of them, or of a new one."""
    kind = _kind(visit)
    rows, _ = oncall_of(visit)
    if "code" not in visit.request.path_params:
        return _form(visit, rows, kind, forms.blank(kind), "")
    kept = found_in(rows, kind, visit.path("code"))
    if kept is None:
        raise not_found()
    return _form(visit, rows, kind, kept, version_of(kept))


def save(visit: Visit) -> Response:
    """Keep what was entered, unless it holds a mistake or somebody else was quicker; then it is shown again."""
    kind, seen = _kind(visit), visit.text("seen", 20)
    given = forms.document_of(kind, visit)
    if "code" in visit.request.path_params:
        given["code"] = visit.path("code")
    try:
        store_of(visit).save_document(kind, str(given["code"]), lambda rows: edited(rows, kind, given, seen), visit.now)
    except RuleError as exc:
        rows, _ = oncall_of(visit)
        told = (f"Chưa lưu: {exc}", f"Not saved: {exc}")
        return _form(visit, rows, kind, given, seen, told, status=400)
    except StaleError as exc:
        rows, _ = oncall_of(visit)
        told = (
            "Chưa lưu: người khác vừa thay đổi. Bên dưới là nội dung của bạn; so với bản hiện tại rồi lưu lại.",
            "Not saved: somebody else has changed it. Below is yours; compare with what is kept, and save again.",
        )
        return _form(visit, rows, kind, given, version_of(exc.kept), told, exc.kept, 409)
    return visit.goto(f"/duty/plan/{kind}/{given['code']}?saved=1")


def retire(visit: Visit) -> Response:
    """Take one of them out of use; nothing is deleted."""
    kind, code, seen = _kind(visit), visit.path("code"), visit.text("seen", 20)

    def check(rows: OnCallRows) -> None:
        kept = found_in(rows, kind, code)
        if kept is None:
            raise not_found()
        if version_of(kept) != seen:
            raise WebError(409, "Người khác vừa thay đổi; hãy xem lại trước khi ngừng dùng.",
                           "Somebody else has changed it; look again before you retire it.")  # fmt: skip

    store_of(visit).retire(kind, code, check, visit.now)
    return visit.goto("/duty/plan?saved=1")


def _form(  # noqa: PLR0917  each is shown
    visit: Visit,
    rows: OnCallRows,
    kind: str,
    document: Document,
    seen: str,
    mistake: tuple[str, str] | None = None,
    kept: Document | None = None,
    status: int = 200,
) -> Response:
    oncall = of_rows(rows)
    with visit.house.database.reading("listing stations") as cursor:
        stations = [s.code for s in visit.house.stations.of(cursor, visit.now, None)]
    person = oncall.person(str(document.get("code", ""))) if kind == "person" else None
    targets = [("operator", "")]
    targets += [(f"rota:{r.code}", r.title) for r in oncall.rotas]
    targets += [(f"person:{p.code}", p.name) for p in oncall.people]
    values = {
        "kind": kind,
        "document": document,
        "seen": seen,
        "is_new": "code" not in visit.request.path_params,
        "mistake": mistake,
        "kept": kept,
        "saved": visit.request.query_params.get("saved") == "1",
        "people": oncall.people,
        "names": {r.code: r.title for r in oncall.rotas} | {p.code: p.name for p in oncall.people},
        "policies": oncall.policies,
        "targets": targets,
        "stations": stations,
        "channels": () if person is None else person.channels,
        "roles": list(PersonRole),
        "severities": list(Severity),
        "findings": checking.check(oncall, visit.now),
        "most_layers": forms.MOST_LAYERS,
    }
    return visit.render("plan-form.html", values, http_status=status)


def _kind(visit: Visit) -> str:
    kind = visit.path("kind")
    if kind not in KINDS:
        raise not_found()
    return kind


ROUTES = [
    page("/duty/plan", plan, right=Right.PLAN),
    page("/duty/plan/{kind}", form, right=Right.PLAN),
    page("/duty/plan/{kind}", save, right=Right.PLAN, post=True, fields=forms.MOST_FIELDS),
    page("/duty/plan/{kind}/{code}", form, right=Right.PLAN),
    page("/duty/plan/{kind}/{code}", save, right=Right.PLAN, post=True, fields=forms.MOST_FIELDS),
    page("/duty/plan/{kind}/{code}/retire", retire, right=Right.PLAN, post=True),
]
