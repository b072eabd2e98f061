"""The page as its own server in a thread, on a database of each test, and browsers' requests to it."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from alerts.incidents.links import IN_TEXT, Signer, load_key
from local.servers import LocalServers
from local.servers.progress import NoProgress
from local.servers.webjars import fetch_scripts
from quantrac.clock import SystemClock
from quantrac.domain.accounts import Account, Role
from quantrac.endpoints import DatabaseEndpoint
from sql.account_store import AccountStore
from sql.web_database import WebDatabase
from web.accounts import proof
from web.accounts.links import add_link
from web.options import WebOptions
from web.server import listen, serve

from .town import Town

PASSWORD = "con cá trong kênh Nguyễn Văn Tiếp"


@pytest.fixture(scope="session")
def scripts(cache_dir: Path) -> Path:
    """Scripts of others, fetched once."""
    return fetch_scripts(cache_dir, NoProgress())


@pytest.fixture(scope="session")
def password_hash() -> str:
    """Argon2 takes its time; every account of these tests has the same password."""
    return proof.hashed(PASSWORD)


@dataclass
class Site:
    """The running page, and what an administrator does to its database."""

    url: str
    database: DatabaseEndpoint
    accounts: AccountStore
    password_hash: str
    link_key: Path
    browsers: list[Browser] = field(default_factory=list)

    def new(self, role: Role = Role.OFFICER, stations: tuple[str, ...] = (), person: str | None = None) -> str:
        """Add an account with a login that no other test has, and return it."""
        login = f"u{uuid.uuid4().hex[:8]}"
        self.account(login, role, stations, person)
        return login

    def account(
        self, login: str, role: Role = Role.OFFICER, stations: tuple[str, ...] = (), person: str | None = None
    ) -> None:
        with self.accounts.transaction() as tx:
            assert tx.add(Account(login, f"Tên {login}", role, stations, person), self.password_hash)

    def link(self, login: str) -> str:
        with self.accounts.transaction() as tx:
            return f"{self.url}/login/link/{add_link(tx, login, SystemClock().now())}"

    def taking_link(self, number: int, person: str) -> str:
        """Return the link of a message to somebody with which they take an incident, as the step makes it."""
        address, link = Signer(load_key(self.link_key), self.url).make(number, person, SystemClock().now())
        row = (link.digest, link.incident_id, link.person, link.created_at, link.expires_at)
        self.sql("INSERT INTO incident_links VALUES (%s, %s, %s, %s, %s)", *row)
        return address

    def mailed_link(self, number: int) -> tuple[str, str]:
        """Return whom an incident's page went to, and the link that stands in the mail to them."""
        rows = self.sql(
            "SELECT person, text FROM outbox WHERE incident_id = %s AND notice = 'page' AND channel = 'email'", number
        )
        ((person, text),) = rows
        found = IN_TEXT.search(str(text))
        assert found is not None, text
        return str(person), found[0]

    def browser(self) -> Browser:
        self.browsers.append(Browser(self.url))
        return self.browsers[-1]

    def close(self) -> None:
        while self.browsers:
            self.browsers.pop().client.close()

    def logged_in(self, login: str) -> Browser:
        browser = self.browser()
        assert browser.post(self.link(login).removeprefix(self.url)).status_code == 303
        return browser

    def sql(self, statement: str, *arguments: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.database.owner, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), arguments)
            return cursor.fetchall() if cursor.description else []

    def audit(self) -> list[dict[str, object]]:
        return [json.loads(str(entry)) for (entry,) in self.sql("SELECT entry FROM audit ORDER BY id")]


class Browser:
    """Cookies, and forms that carry the word of the page that they stand on."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=60)
        self.word = ""

    def get(self, path: str, **headers: str) -> httpx.Response:
        answer = self.client.get(path, headers=headers)
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', answer.text)
        self.word = found[1] if found else self.word
        return answer

    def post(self, path: str, data: dict[str, str] | None = None, **more: object) -> httpx.Response:
        """Send a form as the browser would: from a page that was shown."""
        if not self.word or not self.client.cookies:
            self.get(path if path.startswith("/login") else "/login")
        if not self.word:
            self.get("/login")
        answer = self.client.post(path, data={"csrf": self.word, **(data or {})}, **more)  # type: ignore[arg-type]
        if "set-cookie" in answer.headers:
            self.word = ""
            self.get("/account")
        return answer


@contextmanager
def serving(scripts: Path, database: DatabaseEndpoint, **options: Any) -> Iterator[str]:
    """Serve the page of a database, and give its address."""
    listener, given = listen(WebOptions(scripts=scripts, **options))
    stop, ready = threading.Event(), threading.Event()
    arguments = (listener, given, database.web, SystemClock(), stop)
    thread = threading.Thread(target=serve, args=arguments, kwargs={"ready": ready.set})
    thread.start()
    try:
        assert ready.wait(60)
        yield given.origin
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def site(
    local_servers: LocalServers,
    _template: str,
    scripts: Path,
    password_hash: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """The page on a database of this module."""
    postgres, name = local_servers.postgres, f"test_web_{uuid.uuid4().hex[:8]}"
    if postgres.pid is None:
        postgres.start()
    database = postgres.create_database(name, _template)
    keeper = WebDatabase(database.web, connections=1)
    keeper.open()
    key = tmp_path_factory.mktemp("links") / "link.key"
    with serving(scripts, database, logins_at_once=10_000, link_key=key) as url:
        yield Site(url, database, AccountStore(keeper), password_hash, key)
    keeper.close()
    postgres.drop_database(name)


@pytest.fixture(autouse=True)
def _closed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close the browsers of a test at its end."""
    yield
    if "site" in request.fixturenames:
        request.getfixturevalue("site").close()


@pytest.fixture(scope="module")
def days() -> float:
    """Days of readings that a town has; a module of few readings gives its own."""
    return 3


@pytest.fixture(scope="module")
def town(site: Site, days: float) -> Iterator[Town]:
    """A province at the module's own database."""
    built = Town(site.database, Signer(load_key(site.link_key), site.url))
    built.build(days)
    yield built
    built.close()


@pytest.fixture(scope="module")
def number(town: Town) -> int:
    """The number of a slug's incident."""
    return town.slug()
