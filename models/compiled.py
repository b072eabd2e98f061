"""Where the row loops are compiled: one decorator, one form for configurations and memories.

numba keeps what it compiled by the file that a function stands in, and would not notice that a function which it calls
has changed in another. Here every one of them is renewed when any file with compiled functions changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt
from numba.core import caching

P = ParamSpec("P")
R = TypeVar("R")

Records = npt.NDArray[np.void]
"""Structured array of float64 fields: a compiled function reads and writes ``records[i].name``."""


def _stamp_of_sources() -> bytes:
    sources = (path.read_bytes() for path in sorted(Path(__file__).parent.rglob("*.py")))
    return sha256(b"".join(source for source in sources if b"@compiled" in source)).digest()


_STAMP = _stamp_of_sources()


class _Stamped:
    def get_source_stamp(self) -> bytes:
        return _STAMP


class Given(_Stamped, caching.UserProvidedCacheLocator):
    """The folder that ``NUMBA_CACHE_DIR`` names."""


class Beside(_Stamped, caching.InTreeCacheLocator):
    """Beside the source."""


class OfUser(_Stamped, caching.UserWideCacheLocator):
    """The user's cache folder."""


_PLACES = ",".join(f"{__name__}.{place.__name__}" for place in (Given, Beside, OfUser))
numba.config.CACHE_LOCATOR_CLASSES = _PLACES  # type: ignore[attr-defined]


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function at its first call for each combination of argument types, and keep it on disk.

    numba keeps it beside the source, else in the user's cache folder (or where ``NUMBA_CACHE_DIR`` says); where none of
    them can be written, each process compiles for itself: seconds at its start, no other difference.
    """
    try:
        return cast("Callable[P, R]", numba.njit(cache=True)(function))
    except RuntimeError:  # no folder can be written
        return cast("Callable[P, R]", numba.njit(function))


def numbers_of(records: Records) -> npt.NDArray[np.float64]:
    """Return records as plain numbers, shape (records, fields), for a snapshot."""
    return np.asarray(records.view(np.float64)).reshape(len(records), -1)


def records_of(numbers: npt.NDArray[np.float64], like: Records) -> Records:
    """Return what ``numbers_of`` made plain, as records of the kind of ``like``. Raises ValueError for another size."""
    wanted = numbers_of(like).shape
    if numbers.shape != wanted:
        raise ValueError(f"numbers of shape {numbers.shape} cannot be memories of shape {wanted}")
    return np.ascontiguousarray(numbers, dtype=np.float64).view(like.dtype).reshape(len(like))


def stacked(many: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Return copies of arrays of one kind, one after another."""
    # By their bytes: numpy looks at every field of every array else.
    return np.concatenate([one.view(np.uint8) for one in many]).view(many[0].dtype)


def put_back(many: Sequence[npt.NDArray[Any]], stack: npt.NDArray[Any]) -> None:
    """Write a stack over the arrays that it was made of; what lies beyond them is left."""
    moved, begin = stack.view(np.uint8), 0
    for one in many:
        of_one = one.view(np.uint8)
        of_one[:] = moved[begin : begin + len(of_one)]
        begin += len(of_one)
