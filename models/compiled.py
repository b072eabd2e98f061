"""Where the row loops are compiled: one decorator, one form for configurations and memories.

A compiled function may only call compiled functions of its own file: numba's cache notices changes file by file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, fields
from typing import Any, ParamSpec, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

P = ParamSpec("P")
R = TypeVar("R")

Records = npt.NDArray[np.void]
"""Structured array of float64 fields: a compiled function reads and writes ``records[i].name``."""


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function at its first call for each combination of argument types, and keep it on disk.

    numba keeps it beside the source, else in the user's cache folder (or where ``NUMBA_CACHE_DIR`` says); where none of
    them can be written, each process compiles for itself: seconds at its start, no other difference.
    """
    try:
        return cast("Callable[P, R]", numba.njit(cache=True)(function))
    except RuntimeError:  # no folder can be written
        return cast("Callable[P, R]", numba.njit(function))


def record_of(settings: Any) -> Records:
    """Return a dataclass of numbers as an array of one record."""
    return np.array([astuple(settings)], dtype=[(f.name, np.float64) for f in fields(settings)])


def numbers_of(records: Records) -> npt.NDArray[np.float64]:
    """Return records as plain numbers, shape (records, fields), for a snapshot."""
    return np.asarray(records.view(np.float64)).reshape(len(records), -1)


def records_of(numbers: npt.NDArray[np.float64], like: Records) -> Records:
    """Return what ``numbers_of`` made plain, as records of the kind of ``like``. Raises ValueError for another size."""
    wanted = numbers_of(like).shape
    if numbers.shape != wanted:
        raise ValueError(f"numbers of shape {numbers.shape} cannot be memories of shape {wanted}")
    return np.ascontiguousarray(numbers, dtype=np.float64).view(like.dtype).reshape(len(like))
