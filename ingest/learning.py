"""A first description of stations from their files: what symbols, units, cadence and ranges were seen. Pure.

It proposes and decides nothing: the text is for a person who knows the station, and lacks on purpose what no file says
(names, place, limits), so that it is refused until somebody has completed it.
"""

from __future__ import annotations

import itertools
import json
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ingest.payloads.headings import is_heading
from ingest.payloads.symbols import folded
from ingest.payloads.text import lines_of, number_of
from ingest.payloads.tt10 import columns_of, instant_of, separator_of
from quantrac.domain.channels import ChannelKind
from quantrac.domain.loggers import Separator
from quantrac.domain.spellings import nearest_symbol
from quantrac.domain.stations import VIETNAM, Registry

_SHARE_OF_ZEROS = 0.02
_MAX_INSTANTS = 20_000
_MAX_SYMBOLS = 200
"""Of one station: more are no symbols."""
_MAX_STATES = 12
"""Of one channel, to be told; bottles that are left are more than open and closed."""
_LONGEST_STATE = 6
"""In characters: what is longer counts something."""
_OF_MOST = 0.5
"""Share of a station's instants below which a channel is taken for one that is sent only when it changes."""
_KINDS: Mapping[str, ChannelKind] = {
    **dict.fromkeys(("door", "cua", "cửa"), ChannelKind.DOOR),
    **dict.fromkeys(("fire", "smoke", "cháy", "khói"), ChannelKind.FIRE),
    **dict.fromkeys(("ups", "lưu điện"), ChannelKind.UPS),
    **dict.fromkeys(("mains", "power", "nguồn", "điện"), ChannelKind.MAINS),
    **dict.fromkeys(("pump", "bơm"), ChannelKind.PUMP),
    **dict.fromkeys(("sampl", "bottle", "lấy mẫu", "chai"), ChannelKind.SAMPLER),
}
"""By what a symbol contains; the first counts."""


@dataclass(slots=True)
class SymbolSeen:
    """What was seen of one symbol."""

    units: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    values: int = 0
    empty: int = 0
    zeros: int = 0
    commas: int = 0
    lowest: float = float("inf")
    highest: float = float("-inf")
    whole: bool = True
    """Whether every value was a short whole number, without a fraction written."""
    states: Counter[str] = field(default_factory=Counter)
    """What it said, as far as that is few things."""

    @property
    def said(self) -> int:
        """In how many lines it stood."""
        return self.statuses.total()

    @property
    def is_state(self) -> bool:
        """Whether its lines look like those of a door, a pump or the like: whole numbers without a unit."""
        return self.values > 0 and self.whole and set(self.units) == {""}

    def add(self, text: str, unit: str, status: str) -> None:
        """Take in one line."""
        self.units[unit] += 1
        self.statuses[status] += 1
        if not text:
            self.empty += 1
            return
        self.commas += "," in text
        self.whole = self.whole and text.removeprefix("-").isdecimal() and len(text) <= _LONGEST_STATE
        if self.whole and (text in self.states or len(self.states) < _MAX_STATES):
            self.states[text] += 1
        value = number_of(text, decimal_comma=True)
        if value is None or status != "00":
            return
        self.values += 1
        self.zeros += value == 0.0
        self.lowest, self.highest = min(self.lowest, value), max(self.highest, value)


@dataclass(slots=True)
class StationSeen:
    """What was seen of one station's files."""

    symbols: dict[str, SymbolSeen] = field(default_factory=dict)
    separators: Counter[Separator] = field(default_factory=Counter)
    instants: set[datetime] = field(default_factory=set)
    files: int = 0
    """Looked into."""
    lying: int = 0
    """That there are."""
    faults: int = 0
    headings: int = 0

    def add(self, content: bytes) -> None:
        """Take in one file."""
        lines = lines_of(content)
        if not lines:
            return
        self.files += 1
        separator = separator_of(lines)
        self.separators[separator] += 1
        for line in lines:
            if is_heading(line, separator.character):
                self.headings += 1
            else:
                self._add_line([c.strip() for c in columns_of(line, separator)])

    def _add_line(self, columns: list[str]) -> None:
        at = instant_of(columns[3]) if len(columns) == 5 and columns[0].isprintable() else None
        if not isinstance(at, datetime) or (columns[0] not in self.symbols and len(self.symbols) >= _MAX_SYMBOLS):
            self.faults += 1
            return
        if len(self.instants) < _MAX_INSTANTS:
            self.instants.add(at)
        self.symbols.setdefault(columns[0], SymbolSeen()).add(columns[1], columns[2], columns[4])

    def cadence_s(self) -> float:
        """Return the usual time between two instants (s); 300, the circular's, when there is one instant alone."""
        ordered = sorted(self.instants)
        gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(ordered)]
        return statistics.median(gaps) if gaps else 300.0


def proposal(seen: Mapping[str, StationSeen], known: Registry, day: str) -> str:
    """Return the TOML text of all stations; ``known`` lends the aliases by which symbols are recognised."""
    parameters = _parameters(known)
    header = (
        "# Proposed from files by `quantrac stations learn`: read every line, complete what is empty, then\n"
        "# `quantrac stations check`. Units and ranges are what was seen, not what is right.\n"
    )
    return header + "".join(_station(code, s, parameters, day) for code, s in sorted(seen.items()))


def _parameters(known: Registry) -> Mapping[str, str]:
    """Return parameters by folded symbol, where all known stations agree."""
    found: dict[str, set[str]] = {}
    for station in known.stations:
        for symbol, sensor in station.sensor_of_symbol.items():
            found.setdefault(folded(symbol), set()).add(sensor.parameter)
    return {symbol: names.pop() for symbol, names in found.items() if len(names) == 1}


def _told(instant: datetime | None) -> str:
    return "-" if instant is None else f"{instant.astimezone(VIETNAM):%Y-%m-%d %H:%M}"


def _station(code: str, seen: StationSeen, parameters: Mapping[str, str], day: str) -> str:
    first, last = min(seen.instants, default=None), max(seen.instants, default=None)
    of_all = f"The newest {seen.files} of {seen.lying}" if seen.lying > seen.files else f"{seen.files}"
    lines = [
        "",
        f"# {of_all} files, {len(seen.instants)} instants from {_told(first)} to {_told(last)} (Vietnam);",
        f"# {seen.faults} lines were not understood.",
        *([f"# {seen.headings} heading lines: the circular has none."] if seen.headings else []),
        "[[station]]",
        f"code = {_quoted(code)}",
        f"effective_from = {day}",
        'name_vi = ""       # to be completed',
        'name_en = ""       # to be completed',
        'kind = "effluent"  # or surface_water',
        'operator = ""      # to be completed',
        "longitude = 0.0    # to be completed",
        "latitude = 0.0     # to be completed",
        *_logger(seen, parameters),
    ]
    cadence_s = seen.cadence_s()
    taken: set[str] = set()
    for symbol, of_symbol in seen.symbols.items():
        if _is_channel(symbol, of_symbol, parameters):
            lines += _channel(symbol, of_symbol, len(seen.instants))
        else:
            lines += _sensor(symbol, of_symbol, parameters, cadence_s, taken)
    return "\n".join(lines) + "\n"


def _logger(seen: StationSeen, parameters: Mapping[str, str]) -> Iterable[str]:
    lines = []
    separator = seen.separators.most_common(1)[0][0] if seen.separators else Separator.TAB
    if separator is not Separator.TAB:
        lines.append(f'separator = "{separator.value}"')
    if any(s.commas for s in seen.symbols.values()):
        lines.append("decimal_comma = true  # values with a comma were seen")
    zeros = [
        parameters.get(folded(symbol), symbol)
        for symbol, s in seen.symbols.items()
        if not _is_channel(symbol, s, parameters)
        and s.values > s.zeros > _SHARE_OF_ZEROS * s.values
        and "flow" not in symbol.casefold()
    ]
    if zeros:
        names = ", ".join(map(_quoted, zeros))
        lines.append(f"# zero_is_missing = [{names}]  # zeros among other values: ask whether they mean none")
    return ["[station.logger]", *lines] if lines else []


def _sensor(
    symbol: str, seen: SymbolSeen, parameters: Mapping[str, str], cadence_s: float, taken: set[str]
) -> list[str]:
    parameter = parameters.get(folded(symbol), symbol)
    near = nearest_symbol(symbol)
    meant = "" if near is None else f" ({near}?)"
    advice = f"  # not recognised{meant}: give the canonical symbol and this one as an alias, or remove the table"
    note = "" if folded(symbol) in parameters else advice
    if parameter in taken:
        parameter, note = symbol, f"  # a second sensor of {parameter}: give it its own name, or remove the table"
    taken.add(parameter)
    unit = seen.units.most_common(1)[0][0] if seen.units else ""
    also = f"  # also seen: {', '.join(u or 'none' for u in list(seen.units)[1:])}" if len(seen.units) > 1 else ""
    ranges = f"seen {seen.lowest:g} to {seen.highest:g}" if seen.values else "no measured value seen"
    statuses = ", ".join(f"{code or 'none'} x {n}" for code, n in sorted(seen.statuses.items()) if code.isprintable())
    lines = ["", "[[station.sensor]]", f"parameter = {_quoted(parameter)}{note}", f"unit = {_quoted(unit)}{also}"]
    lines.append(f"cadence_s = {cadence_s:g}")
    if parameter != symbol:
        lines.append(f"aliases = [{_quoted(symbol)}]")
    lines.append(f"# {ranges}; {seen.values} values, {seen.empty} empty, {seen.zeros} zero; status {statuses}")
    return lines


def _is_channel(symbol: str, seen: SymbolSeen, parameters: Mapping[str, str]) -> bool:
    return folded(symbol) not in parameters and seen.is_state


def _channel(symbol: str, seen: SymbolSeen, instants: int) -> list[str]:
    name = symbol.casefold()
    kind = next((kind for part, kind in _KINDS.items() if part in name), ChannelKind.OTHER)
    states = ", ".join(f"{state} x {n}" for state, n in sorted(seen.states.items()))
    lines = ["", "[[station.channel]]  # whole numbers without a unit: a door, a pump, …; or make it a sensor"]
    lines += [f"code = {_quoted(symbol)}", f"kind = {_quoted(kind)}  # door, fire, mains, ups, pump, sampler or other"]
    if seen.said < _OF_MOST * instants:
        lines.append(
            f"on_change = true  # seen at {seen.said} of {instants} instants: ask whether it is sent on change"
        )
    lines.append(f'# seen {states}; say what each number means: states = {{ 0 = "đóng", 1 = "mở" }}')
    return lines


def _quoted(text: str) -> str:
    """Return a TOML string: JSON's escapes are TOML's."""
    return json.dumps(text, ensure_ascii=False)
