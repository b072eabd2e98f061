"""What all requests share: database, door, clock, templates, what is new. Made once, by :func:`web.app.create_app`."""

from __future__ import annotations

from functools import cached_property
from importlib.resources import files
from pathlib import Path
from threading import Lock

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from quantrac.clock import Clock
from quantrac.domain.limits import LimitSet
from quantrac.domain.stations import Registry
from quantrac.domain.statuses import LOOKS
from sql import page_rows
from sql.account_store import AccountStore
from sql.catalogue import load_limit_sets, load_registry
from sql.web_database import WebDatabase
from web import words
from web.accounts.door import Door
from web.accounts.oidc import Oidc
from web.filters import FILTERS
from web.history import act_words, detail_words
from web.live.hub import Hub
from web.options import WebOptions
from web.stations.rows import StationRows
from web.throttle import Throttle

PER_SESSION = (120, 10.0)
"""Requests of one session: at once, and per second. A page and its parts are five."""
LINKS = (60, 1.0)
"""Links of messages, opened or used, of one address: at once, and per second. In a storm a hall of officers has one."""
CATALOGUE_S = 30.0
"""An import is seen within half a minute, as the workers see it."""
CODES_AT_ONCE, CODES_PER_S = 5, 1 / 300
"""Codes that an account sends to channels: each is five guesses of a million, and a message to somebody."""
OIDC_BACK = "/login/oidc/back"
LOGINS_PER_S = 1 / 6
"""Tries to log in from one address in the long run; argon2 costs us a tenth of a second each."""


class House:
    """The page's own things."""

    def __init__(self, options: WebOptions, conninfo: str, clock: Clock) -> None:
        database = WebDatabase(conninfo)
        self.options, self.database, self.clock = options, database, clock
        self.conninfo = conninfo
        self.accounts = AccountStore(database)
        self.door = Door(self.accounts, clock, options.session, options.idle)
        self._catalogue: tuple[float, Registry, list[LimitSet]] | None = None
        self._loading = Lock()
        self.throttle = Throttle(*PER_SESSION)
        self.logins = Throttle(options.logins_at_once, LOGINS_PER_S)
        self.links = Throttle(*LINKS)
        self.codes = Throttle(CODES_AT_ONCE, CODES_PER_S)
        self.sealing = Lock()
        """Evidence takes memory: one file is made at a time."""
        self.stations = StationRows()
        self.hub = Hub(self._marks, self.stations.forget)
        self.oidc = None if options.oidc is None else Oidc(options.oidc, f"{options.origin}{OIDC_BACK}")

    def catalogue(self) -> tuple[Registry, list[LimitSet]]:
        """Return stations and limits as they are described, not older than ``CATALOGUE_S``."""
        now_s = self.clock.monotonic_s()
        with self._loading:
            if self._catalogue is None or now_s - self._catalogue[0] > CATALOGUE_S:
                self._catalogue = (now_s, load_registry(self.conninfo), load_limit_sets(self.conninfo))
            return self._catalogue[1:]

    def _marks(self) -> dict[str, object]:
        with self.database.reading("looking for news") as cursor:
            return page_rows.marks(cursor)

    @property
    def cookie(self) -> str:
        """Name of a session's cookie; the prefix binds it to this very host, over TLS."""
        return "__Host-quantrac" if self.options.secure else "quantrac"

    @property
    def visitor_cookie(self) -> str:
        """Name of the cookie of somebody who is not logged in."""
        return "__Host-visitor" if self.options.secure else "visitor"

    @cached_property
    def templates(self) -> Environment:
        """The templates; every value in them is escaped, and a name that is missing is an error."""
        environment = Environment(
            loader=FileSystemLoader(template_folder()),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.filters.update(FILTERS)
        environment.globals.update(word=words.word, reason=words.reason, flags=words.FLAGS, codes=words.STATUS_CODES)
        environment.globals.update(looks=LOOKS, word_of=words.word_of, security=words.security, named=words.named)
        environment.globals.update(act_words=act_words, detail_words=detail_words)
        return environment


def template_folder() -> Path:
    """Return the folder of the templates."""
    return Path(str(files("web").joinpath("templates")))


def static_folder() -> Path:
    """Return the folder of our own scripts, styles and pictures."""
    return Path(str(files("web").joinpath("static")))
