"""Noise as a pure function of (seed, stream, index): any stretch can be asked for, in any order, with equal values."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_MEMORY = 256
"""Terms of the moving average that stands for AR(1): 0.98 ** 256 < 0.6 %, below any instrument's resolution."""


@lru_cache(maxsize=65536)
def stream_key(seed: int, *names: str) -> int:
    """Return the 64-bit key of a named stream of random numbers."""
    text = "\x1f".join((str(seed), *names)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def uniform(key: int, index: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return numbers in the open interval (0, 1), one per index (SplitMix64: Steele, Lea, Flood 2014)."""
    with np.errstate(over="ignore"):
        z = np.uint64(key) + index.astype(np.uint64) * _GAMMA
        z = (z ^ (z >> np.uint64(30))) * _MIX_1
        z = (z ^ (z >> np.uint64(27))) * _MIX_2
        z ^= z >> np.uint64(31)
    return ((z >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normal(key: int, index: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return standard normal numbers, one per index (Box and Muller 1958)."""
    twice = index * 2
    radius = np.sqrt(-2.0 * np.log(uniform(key, twice)))
    return np.asarray(radius * np.cos(2.0 * np.pi * uniform(key, twice + 1)), dtype=np.float64)


def autoregressive(key: int, times_s: NDArray[np.float64], step_s: float, phi: float) -> NDArray[np.float64]:
    """Return AR(1) noise of unit variance at the given times, linear between the points of a grid of ``step_s``.

    Parameters
    ----------
    times_s
        Seconds since the epoch, in any order.
    phi
        Correlation of neighbouring grid points, 0 <= phi < 1.
    """
    if times_s.size == 0:
        return np.zeros(0)
    position = times_s / step_s
    below = np.floor(position).astype(np.int64)
    first, last = int(below.min()), int(below.max()) + 1
    if last - first > 4 * times_s.size + _MEMORY:
        return _sparse(key, position, below, phi)
    grid = _grid(key, first, last, phi)
    weight = position - below
    left = below - first
    return np.asarray(grid[left] * (1.0 - weight) + grid[left + 1] * weight, dtype=np.float64)


def _grid(key: int, first: int, last: int, phi: float) -> NDArray[np.float64]:
    shocks = normal(key, np.arange(first - _MEMORY + 1, last + 1, dtype=np.int64))
    return np.convolve(shocks, _kernel(phi), mode="valid")


def _sparse(key: int, position: NDArray[np.float64], below: NDArray[np.int64], phi: float) -> NDArray[np.float64]:
    points = np.concatenate([_grid(key, int(b), int(b) + 1, phi) for b in below]).reshape(-1, 2)
    weight = position - below
    return np.asarray(points[:, 0] * (1.0 - weight) + points[:, 1] * weight, dtype=np.float64)


@lru_cache(maxsize=64)
def _kernel(phi: float) -> NDArray[np.float64]:
    return np.asarray(np.sqrt(1.0 - phi * phi) * phi ** np.arange(_MEMORY), dtype=np.float64)
