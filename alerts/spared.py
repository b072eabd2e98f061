"""Services that hang: after one of them has, nothing waits for it for a while, and the others' messages go out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from quantrac.clock import Clock
from quantrac.errors import NotifyError

HANGS_S = 3.0
"""A refusal that took so long is a service that hangs."""
SPARED_S = 30.0
"""For so long no message waits for a service that hung: each fails at once, and its person's next channel is used."""


class Spared:
    """The services of one channel, by name."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_s: dict[str, float] = {}

    @contextmanager
    def asking(self, name: str, service: str) -> Iterator[None]:
        """Ask a service in the block, and note whether it hung; ``service`` begins the sentence that says so.

        Raises
        ------
        NotifyError
            It hung a moment ago: it is not asked.
        """
        begun_s = self._clock.monotonic_s()
        left_s = self._until_s.get(name, 0.0) - begun_s
        if left_s > 0:
            raise NotifyError(
                f"{service} hung a moment ago; nothing is sent to it for {left_s:.0f} s.",
                retryable=True,
                again_after=timedelta(seconds=left_s),
            )
        try:
            yield
        except NotifyError as exc:
            if exc.retryable and self._clock.monotonic_s() - begun_s >= HANGS_S:
                self._until_s[name] = self._clock.monotonic_s() + SPARED_S
            raise
