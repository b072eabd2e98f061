"""The table ``[station.logger]`` of a station's TOML file: how its logger writes, and every mistake in saying so."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields

from quantrac.domain.loggers import AS_PRESCRIBED, LoggerSettings, MessageFormat, PayloadMapping, Separator
from quantrac.tomltable import Table

_LOGGER_KEYS = frozenset(f.name for f in fields(LoggerSettings))
_MAPPING_KEYS = frozenset(f.name for f in fields(PayloadMapping))
_NEEDS_MAPPING = (MessageFormat.FLAT_JSON, MessageFormat.CSV)


def read_logger(table: Table, parameters: Collection[str]) -> LoggerSettings:
    """Return the settings of a ``[station.logger]`` table; ``parameters`` are the station's.

    Raises
    ------
    RuleError
        A key is unknown, or two of them contradict each other.
    """
    if not table.values:
        return AS_PRESCRIBED
    table.refuse_unknown(_LOGGER_KEYS)
    separator = table.member("separator", Separator) if "separator" in table.values else None
    decimal_comma = table.boolean("decimal_comma")
    if decimal_comma and separator is Separator.COMMA:
        raise table.error("decimal_comma", "is true and separator is the comma; a comma cannot be both.")
    zeros = table.texts("zero_is_missing")
    for parameter in zeros:
        if parameter not in parameters:
            raise table.error("zero_is_missing", f"{parameter!r} is not a parameter of this station.")
    message_format = table.member("message_format", MessageFormat) if "message_format" in table.values else None
    mapping = _mapping(table.table("mapping")) if "mapping" in table.values else None
    if message_format in _NEEDS_MAPPING and mapping is None:
        raise table.error("message_format", f"is {message_format!s} and needs a table [station.logger.mapping].")
    return LoggerSettings(separator, decimal_comma, zeros, message_format, mapping)


def _mapping(table: Table) -> PayloadMapping:
    table.refuse_unknown(_MAPPING_KEYS)
    time, status, ignore = table.text("time"), table.optional_text("status"), table.texts("ignore")
    columns = table.texts("columns")
    if columns and time not in columns:
        raise table.error("time", f"{time!r} is not among columns; name the column that holds the time.")
    if status == time:
        raise table.error("status", f"{time!r} is the time already; name another field.")
    if time in ignore:
        raise table.error("ignore", f"{time!r} is the time; a row without time cannot be used.")
    return PayloadMapping(time, table.text("time_format", "iso"), status, columns, ignore)
