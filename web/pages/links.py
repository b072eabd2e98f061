"""An incident taken by the link of a message, without a login: the link says who it is, for one incident, once."""

from __future__ import annotations

from starlette.responses import Response

from alerts.incidents.desk import Desk, LinkOutcome
from alerts.incidents.links import PATH, SENTENCES, LinkAnswer, Signer, load_key
from quantrac.domain.words import Bilingual
from sql import oncall_store
from sql.web_database import ActingStore
from web.visit import Visit, WebError, not_found, page

_STATUS = {
    LinkAnswer.VALID: 200,
    LinkAnswer.UNKNOWN: 404,
    LinkAnswer.EXPIRED: 410,
    LinkAnswer.USED: 410,
    LinkAnswer.NOT_ACTIVE: 409,
    LinkAnswer.HELD_BY_OTHER: 409,
}
TAKEN = ("Bạn đã nhận sự cố; không ai bị gọi thêm.", "You have taken the incident; nobody else is called.")


def link_page(visit: Visit) -> Response:
    """Show the incident and one button; changes nothing, however often a mail scanner opens it."""
    desk, signer = _desk(visit)
    found = desk.look_at_link(visit.path("token"), signer)
    return _shown(visit, found, SENTENCES[found.answer])


def take(visit: Visit) -> Response:
    """Take the incident in the name of the link's person; the link is used up."""
    desk, signer = _desk(visit)
    found = desk.acknowledge_by_link(visit.path("token"), signer)
    return _shown(visit, found, TAKEN if found.answer is LinkAnswer.VALID else SENTENCES[found.answer], taken=True)


def _desk(visit: Visit) -> tuple[Desk, Signer]:
    house = visit.house
    if house.options.link_key is None:
        raise not_found()
    if not house.links.allows(visit.caller.address, house.clock.monotonic_s()):
        raise WebError(429, "Thử quá nhiều lần; hãy đợi một phút.", "Too many tries; wait a minute.", again_s=60)
    return Desk(ActingStore(house.database, "link"), house.clock), Signer(load_key(house.options.link_key))


def _shown(visit: Visit, found: LinkOutcome, words: tuple[str, str], *, taken: bool = False) -> Response:
    codes = () if found.incident is None else found.incident.stations
    described = ((code, visit.house.catalogue()[0].station(code, visit.now)) for code in codes)
    values = {
        "words": words,
        "incident": found.incident,
        "names": {code: Bilingual(s.name_vi, s.name_en) for code, s in described if s is not None},
        "name": _name(visit, found.person),
        "path": f"{PATH}{visit.path('token')}",
        "ready": found.answer is LinkAnswer.VALID and not taken,
    }
    return visit.render("take.html", values, http_status=_STATUS[found.answer])


def _name(visit: Visit, person: str | None) -> str:
    if person is None:
        return ""
    with visit.house.database.reading("reading who is on call") as cursor:
        return oncall_store.names(cursor).get(person, person)


ROUTES = [
    page(f"{PATH}{{token}}", link_page, right=None),
    page(f"{PATH}{{token}}", take, right=None, post=True),
]
