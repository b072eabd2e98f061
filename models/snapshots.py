"""Snapshots and what was learnt: a tree of numbers, lists, objects and arrays as MessagePack, and back, to the bit."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
import numpy as np

from models.errors import ModelError

_ARRAY = 1


class _Array(msgspec.Struct, array_like=True):
    dtype: Any
    """As a file of numpy's own says it: a word, or a list of the fields of a record."""
    shape: list[int]
    data: bytes


class ByFields:
    """An object whose memory is some of its attributes: ``_FIELDS`` names them, in the order in which they are kept."""

    _FIELDS: ClassVar[tuple[str, ...]]

    def state(self) -> list[Any]:
        """Return the whole memory."""
        return [getattr(self, name) for name in self._FIELDS]

    def set_state(self, state: list[Any]) -> None:
        """Go on from a memory returned by ``state``."""
        for name, value in zip(self._FIELDS, state, strict=True):
            setattr(self, name, value)


def _encode(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        dtype = np.lib.format.dtype_to_descr(value.dtype)
        packed = _Array(dtype, list(value.shape), np.ascontiguousarray(value).tobytes())
        return msgspec.msgpack.Ext(_ARRAY, msgspec.msgpack.encode(packed))
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"a snapshot cannot hold a {type(value).__name__}")


def _decode(code: int, data: memoryview) -> Any:
    if code != _ARRAY:
        raise ValueError(f"unknown extension {code}")
    packed = msgspec.msgpack.decode(data, type=_Array)
    dtype = np.lib.format.descr_to_dtype(packed.dtype)
    return np.frombuffer(packed.data, dtype).reshape(packed.shape).copy()


def encode(state: Any) -> bytes:
    """Return a state as bytes. Raises NotImplementedError for what is none of the above."""
    return msgspec.msgpack.encode(state, enc_hook=_encode)


def decode(content: bytes) -> Any:
    """Return the state of bytes, objects as what they hold. Raises an error of ``UNREADABLE`` for other bytes."""
    return msgspec.msgpack.decode(content, ext_hook=_decode)


UNREADABLE = (msgspec.MsgspecError, ValueError, TypeError, SyntaxError, RecursionError)
"""A type of numbers that numpy cannot parse is a ``SyntaxError``."""


def pack(kind: str, version: int, state: Any) -> bytes:
    """Return the bytes of a state with the kind and version that ``unpack`` asks for."""
    return encode((kind, version, state))


def unpack(kind: str, version: int, snapshot: bytes) -> Any:
    """Return the state of a snapshot. Raises ModelError for other bytes, another kind or another version."""
    try:
        found_kind, found_version, state = decode(snapshot)
    except UNREADABLE as exc:
        raise ModelError(f"the snapshot of the {kind} cannot be read ({exc}): start it empty") from exc
    if (found_kind, found_version) != (kind, version):
        raise ModelError(
            f"the snapshot is of {found_kind!s:.40} version {found_version!s:.10}, not of {kind} version {version}: "
            "start it empty"
        )
    return state
