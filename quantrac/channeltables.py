"""The tables ``[[station.channel]]`` of a station's TOML file: housekeeping channels, and every mistake in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from math import isfinite

from quantrac.domain.channels import Channel, ChannelKind
from quantrac.domain.stations import Sensor
from quantrac.tomltable import Mistakes, Table, named_by

_KEYS = frozenset(f.name for f in fields(Channel))
_LONGEST = 64
_CADENCE_S = 300.0


def read_channels(station: Table, sensors: Sequence[Sensor]) -> tuple[Channel, ...]:
    """Return the channels of a station; a symbol of one is no sensor's and no other channel's.

    Raises
    ------
    RuleError
        With every mistake.
    """
    mistakes = Mistakes()
    owner_of = {symbol: s.parameter for s in sensors for symbol in (s.parameter, *s.aliases)}
    cadence_s = min((s.cadence_s for s in sensors), default=_CADENCE_S)
    channels: list[Channel] = []
    for entry in station.tables("channel", named_by("channel", "code")):
        channel = mistakes.take(partial(_channel, entry, cadence_s), None)
        if channel is None:
            continue
        for key, symbol in (("code", channel.code), *(("aliases", alias) for alias in channel.aliases)):
            if symbol in owner_of:
                told = f"{symbol!r} already means {owner_of[symbol]}; a symbol can mean one thing."
                mistakes.note(entry.error(key, told))
            owner_of[symbol] = channel.code
        channels.append(channel)
    mistakes.refuse()
    return tuple(channels)


def _channel(entry: Table, station_cadence_s: float) -> Channel:
    entry.refuse_unknown(_KEYS)
    code = entry.text("code")
    if len(code) > _LONGEST or not code.isprintable():
        raise entry.error("code", f"is longer than {_LONGEST} characters or cannot be shown; use the logger's symbol.")
    on_change, heartbeat_s = entry.boolean("on_change"), entry.optional_positive("heartbeat_s")
    if heartbeat_s is not None and not on_change:
        raise entry.error("heartbeat_s", "is only for channels with on_change = true; of others cadence_s says it.")
    return Channel(
        code=code,
        kind=entry.member("kind", ChannelKind),
        aliases=entry.texts("aliases"),
        states=_states(entry),
        cadence_s=entry.positive("cadence_s", station_cadence_s),
        on_change=on_change,
        heartbeat_s=heartbeat_s,
    )


def _states(entry: Table) -> tuple[tuple[float, str], ...]:
    states = []
    for number, words in entry.table("states").values.items():
        try:
            state = float(number)
        except ValueError:
            state = float("nan")
        if not isfinite(state) or not isinstance(words, str) or not words.strip():
            raise entry.error("states", f'holds {number!r}; write what each number means: states = {{ 0 = "đóng" }}.')
        states.append((state, words.strip()))
    return tuple(states)
