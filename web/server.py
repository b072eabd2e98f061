"""The page as a process: listens, says where, and stops in order when it is told to."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import uvicorn

from quantrac.clock import Clock
from quantrac.errors import SettingsError
from quantrac.telemetry import get_logger
from web.app import create_app
from web.house import House
from web.options import WebOptions

_log = get_logger(__name__)
GRACE_S = 5
"""How long requests in hand may go on after the stop."""
LOOK_S = 0.1
"""Between two looks whether to stop."""


class _Server(uvicorn.Server):
    """Leaves signals to who runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield


def run(options: WebOptions, conninfo: str, clock: Clock, stop: threading.Event) -> None:
    """Serve the page until ``stop`` is set.

    Raises
    ------
    SettingsError
        The address cannot be listened on, or the certificate cannot be read.
    """
    listener, options = listen(options)
    serve(listener, options, conninfo, clock, stop, ready=lambda: _log.info("web_ready", url=options.origin))
    _log.info("web_stopped")


def serve(
    listener: socket.socket,
    options: WebOptions,
    conninfo: str,
    clock: Clock,
    stop: threading.Event,
    *,
    ready: Callable[[], None],
) -> None:
    """Serve the page on a socket until ``stop`` is set; ``ready`` is called when it answers.

    Raises
    ------
    SettingsError
        The certificate cannot be read.
    """
    app = create_app(options, conninfo, clock)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(options.proxies),
        forwarded_allow_ips=list(options.proxies),
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=15,
        h11_max_incomplete_event_size=32_768,
        limit_concurrency=1000,
        ssl_certfile=options.tls_cert,
        ssl_keyfile=options.tls_key,
        ws="none",
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as exc:
        listener.close()
        raise SettingsError(
            f"The certificate {options.tls_cert} or its key {options.tls_key} (QUANTRAC_WEB_TLS_CERT, "
            f"QUANTRAC_WEB_TLS_KEY) cannot be used: {exc}."
        ) from exc
    house: House = app.state.house
    asyncio.run(_until(_Server(config), listener, house, stop, ready))


async def _until(
    server: _Server, listener: socket.socket, house: House, stop: threading.Event, ready: Callable[[], None]
) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    told = False
    while not serving.done():
        if server.started and not told:
            told = True
            ready()
        if stop.is_set() and not server.should_exit:
            house.hub.close()  # open pages are let go; they come back by themselves
            server.should_exit = True
        await asyncio.sleep(LOOK_S)
    listener.close()
    await serving


def listen(options: WebOptions) -> tuple[socket.socket, WebOptions]:
    """Return a socket that listens, and the options with the port that it got.

    Raises
    ------
    SettingsError
        The address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in options.address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.address, options.port))
    except OSError as exc:
        listener.close()
        raise SettingsError(
            f"The page cannot listen on {options.address}:{options.port} (QUANTRAC_WEB_ADDRESS, QUANTRAC_WEB_PORT): "
            f"{exc.strerror}."
        ) from exc
    listener.listen(512)
    return listener, replace(options, port=listener.getsockname()[1])
