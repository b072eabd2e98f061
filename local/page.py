"""The centre's page on this machine: an account for who looks at the demo, and the demo's own visit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quantrac.errors import ServerError

if TYPE_CHECKING:
    from quantrac.clock import Clock
    from quantrac.domain.incidents import Incident

LOGIN = "demo"
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
            tx.add(Account(LOGIN, "Cán bộ trực (demo)", Role.OFFICER), None)
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


def take(link: str, incident_id: int) -> None:
    """Come in by a link and take an incident, as an officer does: by the page's own forms.

    Raises
    ------
    ServerError
        The page does not let in, or does not do it.
    """
    import requests

    origin = link.split("/login/", 1)[0]
    shown = f"{origin}/incidents/{incident_id}"
    with requests.Session() as browser:
        for path, address in ((link, link), (shown, f"{shown}/take")):
            try:
                word = _WORD.search(browser.get(path, timeout=PATIENCE_S).text)
                data = {"csrf": word[1] if word else ""}
                answer = browser.post(address, data=data, timeout=PATIENCE_S, allow_redirects=False)
            except requests.RequestException as exc:
                raise ServerError(f"The page at {origin} does not answer: {type(exc).__name__}.") from exc
            if answer.status_code != requests.codes.see_other:
                raise ServerError(f"The page at {origin} answered {answer.status_code} to a form.")


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
        "acknowledged_through": "page" if incident.holder == LOGIN else None,
        "taken_after_s": None if taken is None else round((taken - incident.opened_at).total_seconds(), 1),
    }
