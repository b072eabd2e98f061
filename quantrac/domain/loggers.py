"""How a station's data logger writes its files and messages, where that differs from the circular and the contract."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DropMode(StrEnum):
    """What the drop folder does with a file that it has read."""

    LOOK = "look"
    ARCHIVE = "archive"


class Separator(StrEnum):
    """What stands between the columns of a station file; the circular says TAB."""

    TAB = "tab"
    SEMICOLON = "semicolon"
    COMMA = "comma"

    @property
    def character(self) -> str:
        """The character itself."""
        return {"tab": "\t", "semicolon": ";", "comma": ","}[self.value]


class MessageFormat(StrEnum):
    """Format of a station's MQTT messages, which carry no mark of their own."""

    JSON_V1 = "json-1"
    SENML_JSON = "senml-json"
    SENML_CBOR = "senml-cbor"
    FLAT_JSON = "flat-json"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class PayloadMapping:
    """What the fields of flat JSON, or the columns of CSV, mean.

    Every field that is none of ``time``, ``status`` and ``ignore`` is a parameter's symbol.
    """

    time: str
    time_format: str = "iso"
    """``iso`` (RFC 3339), ``unix`` (seconds), ``unix_ms``, or a pattern of ``strptime``; without an offset it is
    Vietnam's civil time."""
    status: str | None = None
    """Field with the status of the whole row (00, 01, 02); without it every value is measured."""
    columns: tuple[str, ...] = ()
    """Names of the CSV columns in order; without them the first line names them."""
    ignore: tuple[str, ...] = ()
    """Fields that are no readings: battery, signal strength, door."""


@dataclass(frozen=True, slots=True)
class LoggerSettings:
    """A station's own way of writing. The defaults are the circular's and the contract's."""

    separator: Separator | None = None
    """``None``: seen from each file."""
    decimal_comma: bool = False
    zero_is_missing: tuple[str, ...] = ()
    """Parameters whose logger writes 0.00 where it has no value."""
    message_format: MessageFormat | None = None
    """``None``: JSON of version 1."""
    mapping: PayloadMapping | None = None


AS_PRESCRIBED = LoggerSettings()
