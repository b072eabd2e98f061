"""The centre's page on this machine: who is on call in the demo, an account for who looks, and the demo's own visit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quantrac.errors import ServerError

if TYPE_CHECKING:
    from datetime import datetime

    from local.servers.mail import CaughtMail
    from quantrac.clock import Clock
    from quantrac.domain.incidents import Incident
    from quantrac.endpoints import DatabaseEndpoint

LOGIN = "demo"
OFFICER, COLLEAGUE = "truc-ban", "dong-nghiep"
ON_CALL = """
[[person]]
code = "{officer}"
name = "Cán bộ trực (demo)"
[[person.channel]]
kind = "email"
address = "{address}"

[[person]]
code = "{colleague}"
name = "Đồng nghiệp (demo)"
[[person.channel]]
kind = "email"
address = "dong-nghiep@localhost"

[[rota]]
code = "demo"
title = "Lịch trực (demo)"
[[rota.layer]]
members = ["{officer}", "{colleague}"]
first_turn = {day}
hand_over = "00:00"

[[policy]]
code = "demo"
severities = ["warning", "high", "critical"]
[[policy.step]]
targets = ["rota:demo"]
"""
PATIENCE_S = 30.0
_WORD = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


def invite(conninfo: str, origin: str, clock: Clock) -> str:
    """Return the address of the page with a link that lets an officer in once, made now."""
    from quantrac.domain.accounts import Account, Role
    from sql.account_store import AccountStore
    from sql.web_database import WebDatabase
    from web.accounts.links import add_link

    database = WebDatabase(conninfo, connections=1)
    database.open()
    try:
        with AccountStore(database).transaction() as tx:
            tx.add(Account(LOGIN, "Cán bộ trực (demo)", Role.OFFICER, person=OFFICER), None)
            return f"{origin}/login/link/{add_link(tx, LOGIN, clock.now())}"
    finally:
        database.close()


def incident_of(conninfo: str, alert_id: int) -> Incident | None:
    """Return the incident that holds an alert; ``None`` while there is none."""
    from sql.incident_store import IncidentStore

    store = IncidentStore(conninfo)
    try:
        with store.transaction() as tx:
            every = tx.listed(200, only_active=False)
        return next((i for i in every if any(m.alert_id == alert_id for m in i.members)), None)
    finally:
        store.close()


def put_on_call(database: DatabaseEndpoint, address: str, now: datetime) -> None:
    """Let one officer be told of everything this week, by e-mail, with a link to take it by; a colleague is next."""
    from alerts.oncall.document import parse
    from alerts.oncall.writing import documents
    from quantrac.domain.stations import VIETNAM
    from sql.fresh_start import verify
    from sql.oncall_store import OnCallStore

    day = now.astimezone(VIETNAM).date()
    text = ON_CALL.format(officer=OFFICER, colleague=COLLEAGUE, address=address, day=day)
    OnCallStore(database.desk).replace(documents(parse(text, "demo")), now)
    for person in (OFFICER, COLLEAGUE):
        verify(database.owner, person, now)


def link_in(mail: CaughtMail) -> str | None:
    """Return the link of a delivered message with which its reader takes the incident."""
    from alerts.incidents.links import IN_TEXT

    body = mail.message().get_body(("plain",))
    found = None if body is None else IN_TEXT.search(str(body.get_content()))
    return None if found is None else found[0]


def take(link: str) -> bool:
    """Open the link of a message and press its one button, as an officer does on the phone.

    Returns
    -------
    bool
        Whether it was taken; false where the incident is over already, or the link was used.

    Raises
    ------
    ServerError
        The page does not show the button, or does not do it.
    """
    import requests

    origin = link.split("/ack/", 1)[0]
    try:
        with requests.Session() as browser:
            answer = browser.get(link, timeout=PATIENCE_S)
            if (word := _WORD.search(answer.text)) is not None:  # else there is no button
                answer = browser.post(link, data={"csrf": word[1]}, timeout=PATIENCE_S)
    except requests.RequestException as exc:
        raise ServerError(f"The page at {origin} does not answer: {type(exc).__name__}.") from exc
    if answer.status_code in {requests.codes.conflict, requests.codes.gone}:
        return False
    if answer.status_code != requests.codes.ok:
        raise ServerError(f"The page at {origin} answered {answer.status_code} to the button of a message's link.")
    return True


def as_json(incident: Incident | None) -> dict[str, object] | None:
    """Return what became of the slug's incident, for programs."""
    if incident is None:
        return None
    taken = incident.acted_at
    return {
        "id": incident.id,
        "state": incident.state.value,
        "holder": incident.holder,
        "alerts": [m.alert_id for m in incident.members],
        "acknowledged_through": "link" if incident.holder == OFFICER else None,
        "taken_after_s": None if taken is None else round((taken - incident.opened_at).total_seconds(), 1),
    }
