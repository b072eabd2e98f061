"""What a check of ``quantrac doctor`` finds wrong."""

from __future__ import annotations

from quantrac.errors import QuantracError


class CheckError(QuantracError):
    """A check found something wrong: ``args[0]`` is what was seen, ``advice`` what to do next."""

    def __init__(self, seen: str, advice: str) -> None:
        super().__init__(seen)
        self.advice = advice
