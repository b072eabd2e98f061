"""A server that is frozen: it takes connections and says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from local.servers.process import LocalServer


@contextmanager
def frozen(server: LocalServer) -> Iterator[None]:
    """Stop a server and its children where they are: the kernel takes connections for it, and nobody answers."""
    parent = psutil.Process(server.pid)
    family = [parent, *parent.children(recursive=True)]
    for process in family:
        process.suspend()
    try:
        yield
    finally:
        for process in reversed(family):
            process.resume()
