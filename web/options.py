"""What the page is told by its settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from alerts.evidence.making import RawOf
from alerts.vapid import PUSH_SERVICES


@dataclass(frozen=True, slots=True)
class OidcOptions:
    """Single sign-on."""

    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)
    login_claim: str
    ca_file: Path | None = None
    """Certificate authority of the issuer; ``None``: those of the system."""


@dataclass(frozen=True, slots=True)
class WebOptions:
    """Where the page listens, how it is reached, and how long a login lasts."""

    scripts: Path
    """Folder with the scripts of others, see ``local.servers.webjars``."""
    address: str = "127.0.0.1"
    port: int = 0
    url: str | None = None
    """How browsers reach it; ``None``: address and port."""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    proxies: tuple[str, ...] = ()
    session: timedelta = timedelta(hours=12)
    idle: timedelta = timedelta(hours=4)
    tiles: str | None = None
    link_key: Path | None = None
    """Key of the links with which incidents are taken from messages; ``None``: there are none."""
    logins_at_once: int = 10
    """Tries to log in from one address at once; then one every six seconds."""
    oidc: OidcOptions | None = None
    evidence_key: Path | None = None
    """Key that seals evidence; ``None``: it is made at the command line alone."""
    push_key: str | None = None
    """Public key of Web Push; ``None``: browsers cannot subscribe."""
    push_services: tuple[str, ...] = PUSH_SERVICES
    raw_of: RawOf | None = None
    """Fetches the original bytes behind readings; ``None``: the page has no Kafka."""

    @property
    def secure(self) -> bool:
        """Whether browsers come over TLS, so that cookies may demand it."""
        return self.origin.startswith("https://")

    @property
    def origin(self) -> str:
        """How browsers name the page, without a path."""
        if self.url is None:
            scheme = "http" if self.tls_cert is None else "https"
            host = f"[{self.address}]" if ":" in self.address else self.address
            return f"{scheme}://{host}:{self.port}"
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def tiles_origin(self) -> str | None:
        """Host of the map's tiles, the only one besides our own that a browser asks."""
        if self.tiles is None:
            return None
        parts = urlsplit(self.tiles)
        return f"{parts.scheme}://{parts.netloc.replace('{s}', '*')}"
