"""Everything of one machine under one supervisor: servers where none are named, then our own processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from local.alone import alone
from local.grafana import grafana_line
from local.prepare import local_servers, prepare_servers
from local.processes import Part, Supervisor, dropfolder, forwarder, page, pipeline, reporter
from local.servers.ports import HOST, HOST_V6
from local.servers.process import LocalServer
from local.servers.progress import bars_on_stderr
from quantrac.clock import Clock
from quantrac.settings import Settings
from web.options import WebOptions

TEND_EVERY_S = 1.0
SERVERS = ("mqtt_host", "kafka_bootstrap", "database_owner_url", "smtp_host")
"""Settings that name a server; where one is not set, the local servers are started."""


def up(
    settings: Settings, clock: Clock, *, workers: int, stop: threading.Event, show: Callable[[str, bool], None]
) -> None:
    """Run and supervise everything until ``stop`` is set, then stop what was started here, in order.

    ``show`` gets one line of state whenever it changes, and whether all is well.

    Raises
    ------
    QuantracError
        A server or a process did not become ready; the message says which and where its log is.
    """
    with alone(settings.run_dir, stop), _servers(settings, show) as servers:
        supervisor = Supervisor(parts_of(settings, workers), clock)
        try:
            supervisor.start()
            _tend((supervisor, Supervisor(servers, clock)), stop, show)
        finally:
            supervisor.stop()


def parts_of(settings: Settings, workers: int) -> tuple[Part, ...]:
    """Return the processes of an installation: those for files where the settings name a folder, or a target."""
    run_dir = settings.run_dir
    parts = pipeline(run_dir, workers, page(run_dir, own_port=False), reporter(run_dir)).parts
    files = () if settings.drop_folder is None else (dropfolder(run_dir),)
    onward = () if settings.forward_target is None else (forwarder(run_dir),)
    return (*files, *parts, *onward)


def page_url(settings: Settings) -> str:
    """Return where a browser finds the page that is started here: as the settings say, else on this machine.

    >>> page_url(Settings(web_address="0.0.0.0", web_port=8500)), page_url(Settings(web_url="https://quan-trac.vn/q"))
    ('http://127.0.0.1:8500', 'https://quan-trac.vn/q')
    """
    if settings.web_url is not None:
        return settings.web_url
    address = {"0.0.0.0": HOST, "::": HOST_V6}.get(settings.web_address, settings.web_address)  # noqa: S104
    return WebOptions(settings.run_dir, address=address, port=settings.web_port, tls_cert=settings.web_tls_cert).origin


def state_of(parts: Sequence[LocalServer], restarts: int) -> tuple[str, bool]:
    """Return one line on processes and servers, and whether each is ready; servers are looked at, not asked.

    To ask a server each second would be a login each second, and one that hangs would hold all others up.
    """
    ready = {each.name: each.is_healthy() if isinstance(each, Part) else each.pid is not None for each in parts}
    words = [f"{each.name} {'ok' if ready[each.name] else 'starting' if each.pid else 'DOWN'}" for each in parts]
    again = f" · started again {restarts}×" if restarts else ""
    return " · ".join(words) + again, all(ready.values())


def _tend(supervisors: Sequence[Supervisor], stop: threading.Event, show: Callable[[str, bool], None]) -> None:
    shown = None
    while True:
        parts = [part for each in supervisors for part in each.parts]
        state = state_of(parts, sum(each.restarts for each in supervisors))
        if state != shown:
            show(*state)
            shown = state
        if stop.wait(TEND_EVERY_S):
            return
        for each in supervisors:
            each.tend()


@contextmanager
def _servers(settings: Settings, show: Callable[[str, bool], None]) -> Iterator[Sequence[LocalServer]]:
    """Run the local servers for as long as this lasts, unless every server is named by a setting.

    Yields those that were started here: when one ends by itself, nobody else starts it again.
    """
    if all(getattr(settings, name) is not None for name in SERVERS):
        yield ()
        return
    servers = local_servers(settings)
    try:
        with bars_on_stderr() as bars:
            servers.start(bars)
            prepare_servers(servers, settings, bars)
        show(grafana_line(servers, settings, page_url(settings)), True)
        yield tuple(each for each in servers.all if each.started_here)
    finally:
        servers.stop()
