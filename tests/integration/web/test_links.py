"""An incident taken by the link of a message: opened as often as scanners like, taken once by its button."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alerts.incidents.links import Signer, load_key

from .conftest import Browser, Site, serving


def _incident(site: Site, state: str = "open") -> int:
    site.sql(
        "INSERT INTO people (code, position, document, active, changed_at) "
        "VALUES ('an', 0, '{}', true, now()) ON CONFLICT DO NOTHING"
    )
    ((number,),) = site.sql(
        "INSERT INTO incidents (topic, state, extent, severity, opened_at, spread_at) "
        "VALUES ('water', %s, 'station', 'high', now(), now()) RETURNING id",
        state,
    )
    return int(str(number))


def _link(site: Site, signer: Signer, number: int, *, at: datetime | None = None) -> str:
    address, link = signer.make(number, "an", at or datetime.now(UTC))
    site.sql(
        "INSERT INTO incident_links VALUES (%s, %s, %s, %s, %s)",
        link.digest, link.incident_id, link.person, link.created_at, link.expires_at,
    )  # fmt: skip
    return address.removeprefix(str(signer.page))


def test_a_scanner_changes_nothing_and_the_button_takes_it_once(site: Site, scripts: Path, tmp_path: Path) -> None:
    key = tmp_path / "link.key"
    number, other = _incident(site), _incident(site)
    state = "SELECT state, holder FROM incidents WHERE id = %s"
    # One login at once: links have a measure of their own, so that a hall of officers can take a storm's incidents.
    with serving(scripts, site.database, logins_at_once=1, link_key=key) as url, ExitStack() as stack:

        def visitor() -> Browser:
            browser = Browser(url)
            stack.callback(browser.client.close)
            return browser

        signer = Signer(load_key(key), url)
        path, late = _link(site, signer, number), _link(site, signer, other, at=datetime.now(UTC) - timedelta(days=2))
        for _ in range(3):
            shown = visitor().get(path)
            assert shown.status_code == 200
            assert "Tôi nhận" in shown.text
        assert visitor().client.head(path).status_code in {200, 405}
        assert site.sql(state, number) == [("open", None)]
        # without the word of the page nothing is taken: another site's form, a scanner that posts
        assert visitor().client.post(path).status_code == 403
        assert site.sql(state, number) == [("open", None)]
        browser = visitor()
        browser.get(path)
        taken = browser.client.post(path, data={"csrf": browser.word})
        assert (taken.status_code, "Bạn đã nhận" in taken.text) == (200, True)
        assert site.sql(state, number) == [("acknowledged", "an")]
        again = browser.client.post(path, data={"csrf": browser.word})
        assert (again.status_code, "đã được dùng" in again.text) == (410, True)
        assert (visitor().get(late).status_code, site.sql(state, other)) == (410, [("open", None)])
        for forged in (path[:-1], path[:-2] + "77", "/ack/" + "a" * 52, "/ack/%F0%9F%98%80"):
            assert visitor().get(forged).status_code == 404
    told = [e for e in site.audit() if e["subject"] == f"incident {number}"]
    assert [(e["action"], e["detail"]["officer"]) for e in told] == [("incident acknowledge", "an")]  # type: ignore[index]
