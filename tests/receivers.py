"""A real HTTP server that stands where a provider stands: also behind the provider's own name, by TLS through a proxy.

``requests`` is led here by HTTPS_PROXY: the server answers CONNECT, takes the place of the host that was asked for with
a certificate of a test authority, and speaks HTTP on. What it got is kept as the provider would have seen it.
"""

from __future__ import annotations

import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import trustme

HOSTS = (
    "api.telegram.org",
    "bot-api.zaloplatforms.com",
    "prod-1.example.logic.azure.com",
    "fcm.googleapis.com",
    "sms.example.vn",
    "ntfy.example.vn",
    "hook.example.vn",
    "monitor.example.vn",
)


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    host: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.path).query))


@dataclass
class Provider:
    """What was asked of it, and what it answers next; afterwards it accepts everything."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    usual: tuple[int, dict[str, str], bytes] = (200, {}, b'{"ok": true, "code": "100"}')
    hangs: bool = False
    released: threading.Event = field(default_factory=threading.Event)


@contextmanager
def provider(folder: Path) -> Iterator[tuple[Provider, dict[str, str]]]:
    """Run a provider; yields it with the environment that leads ``requests`` to it."""
    found = Provider()
    authority = trustme.CA()
    bundle = folder / "authority.pem"
    authority.cert_pem.write_to_path(bundle)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*HOSTS, "127.0.0.1").configure_cert(context)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        host = ""
        protected: ssl.SSLSocket | None = None

        def do_CONNECT(self) -> None:
            self.host = self.path.rpartition(":")[0]
            self.send_response(200)
            self.end_headers()
            self.wfile.flush()
            self.connection = self.protected = context.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
            self.close_connection = False

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            host = self.host or self.headers.get("Host", "")
            headers = {name.title(): value for name, value in self.headers.items()}
            found.asked.append(Asked(self.command, host, self.path, headers, body))
            if found.hangs:
                found.released.wait(30)
            status, headers, content = found.answers.pop(0) if found.answers else found.usual
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_HEAD = _answer  # noqa: N815

        def finish(self) -> None:
            super().finish()
            if self.protected is not None:
                self.protected.close()

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that did not wait is no error here."""

    with Server(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        proxy = f"http://127.0.0.1:{found.port}"
        yield found, {"HTTPS_PROXY": proxy, "https_proxy": proxy, "REQUESTS_CA_BUNDLE": str(bundle), "NO_PROXY": ""}
        found.released.set()
        server.shutdown()
        thread.join()
