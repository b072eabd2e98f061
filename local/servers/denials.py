"""What the local broker did not let through.

MQTT 3.1.1 has no answer for a station that publishes under another's name: the broker's log alone tells of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

_DENIED = re.compile(
    r"Denied PUBLISH from (?P<user>.*?) \(d\d, q\d, r\d, m\d+, '(?P<topic>.*)', \.\.\. \(\d+ bytes\)\)"
)
_LAST_BYTES = 4 * 1024 * 1024
"""Of a log that a station could fill at will."""


def parse(lines: Iterable[str]) -> Counter[tuple[str, str]]:
    """Return how often each user was denied which topic.

    >>> line = "2026-11-23T10:00:00: Denied PUBLISH from A (d0, q1, r0, m1, 'quantrac/v1/B/readings', ... (2 bytes))"
    >>> parse([line, line, "2026-11-23T10:00:01: Saving in-memory database"])
    Counter({('A', 'quantrac/v1/B/readings'): 2})
    """
    found = (_DENIED.search(line) for line in lines)
    return Counter((denied["user"], denied["topic"]) for denied in found if denied)


def denials(run_dir: Path) -> Counter[tuple[str, str]]:
    """Return what the broker of a run folder denied, as far as the last megabytes of its log tell."""
    path = run_dir / "log" / "mosquitto.log"
    if not path.exists():
        return Counter()
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - _LAST_BYTES))
        return parse(log.read().decode("utf-8", "replace").splitlines())
