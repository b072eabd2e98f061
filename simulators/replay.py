"""Publish recorded feeds over MQTT as a logger would have: station files of TT 10/2021, and CSV with a mapping."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from quantrac.clock import Clock
from quantrac.domain.stations import VIETNAM, Registry
from quantrac.endpoints import MqttEndpoint
from quantrac.errors import RuleError, SettingsError
from quantrac.registry import load_registry, recorded_feeds
from simulators import csvfeed, tt10
from simulators.csvfeed import FeedMapping
from simulators.durations import instant_of
from simulators.feeds import FaultLog, Feed, Recorded
from simulators.messages import Message
from simulators.publisher import Publisher, PublisherLimits
from simulators.report import PublishReport, write_report

REPORT_FILE = "replay-report.json"


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What of a feed is published, and how fast.

    ``speed`` is a multiple of real time, 0 is as fast as the broker takes it. ``shift_to_now`` moves all stamps by
    one amount, so that the last message carries the instant at which it is published: the feed looks live and no
    stamp lies in the future. ``since`` (inclusive) and ``until`` (exclusive) are ISO dates or instants of the feed's
    own stamps, in its own zone where they name none.
    """

    speed: float = 1.0
    shift_to_now: bool = False
    mapping: str | None = None
    station: str | None = None
    since: str | None = None
    until: str | None = None
    limits: PublisherLimits = field(default_factory=PublisherLimits)

    def __post_init__(self) -> None:
        if not 0 <= self.speed < float("inf"):
            raise SettingsError(f"--speed {self.speed:g}: give 0 (as fast as possible) or a multiple of real time.")


@dataclass(frozen=True, slots=True)
class Extent:
    """What a replay is going to publish."""

    messages: int
    readings: int
    first: datetime
    last: datetime
    symbols: dict[str, frozenset[str]]
    """Symbols in the feed, by station."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The feeds behind a path, and the files that were left out with the reason."""

    feeds: tuple[Feed, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What a replay did."""

    report: PublishReport
    extent: Extent
    shift: timedelta
    faults: FaultLog
    """Rows and values that could not be published."""


def open_recording(path: Path, options: ReplayOptions) -> Recording:
    """Return the feeds in a file or a folder tree.

    Raises
    ------
    RuleError
        Nothing there can be replayed, or a mapping does not fit its file.
    """
    if not path.exists():
        raise RuleError(f"{path}: no such file or folder. Correct the path.")
    mapping = csvfeed.load_mapping(options.mapping) if options.mapping else None
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    station_files = [p for p in files if tt10.is_station_file(p)]
    feeds = tt10.feeds_of(station_files, options.station)
    left_out: list[str] = []
    for file in (p for p in files if _is_csv(p)):
        chosen = mapping or _mapping_for(file)
        if chosen is None or (path.is_dir() and not _taken(chosen, file, named=mapping is not None)):
            left_out.append(_why_left_out(file, chosen))
        else:
            feeds += csvfeed.feeds_of(file, chosen, options.station)
    if not feeds:
        details = f" ({'; '.join(left_out)})" if left_out else ""
        raise RuleError(
            f"{path}: nothing to replay{details}. A feed is a station file <province>_<facility>_<station>_"
            "<yyyyMMddHHmmss>.txt, a folder tree of them, or CSV with a mapping (--mapping FILE)."
        )
    return Recording(tuple(feeds), tuple(left_out))


def _is_csv(path: Path) -> bool:
    return path.name.endswith((".csv", ".csv.gz"))


def _mapping_for(path: Path) -> FeedMapping | None:
    return next((m for m in csvfeed.shipped_mappings() if m.is_for(path)), None)


def _taken(mapping: FeedMapping, path: Path, *, named: bool) -> bool:
    return mapping.is_for(path) or not mapping.files if named else mapping.in_folder


def _why_left_out(path: Path, mapping: FeedMapping | None) -> str:
    if mapping is None:
        return f"{path.name}: no shipped mapping is for it, write one and give --mapping"
    return f"{path.name}: name the file itself to replay it"


def check_stations(feeds: Sequence[Feed], registry: Registry, now: datetime) -> None:
    """Refuse feeds of stations that the registry does not know.

    Raises
    ------
    RuleError
        It names the stations and the command that would make them known.
    """
    unknown = sorted({f.station for f in feeds if registry.station(f.station, now) is None})
    if not unknown:
        return
    shipped = {s.code for s in load_registry([recorded_feeds()]).stations}
    first = (
        f"run `quantrac stations import {recorded_feeds()}`"
        if set(unknown) <= shipped
        else "describe it in a TOML file (docs/stations.md) and run `quantrac stations import FILE.toml`"
    )
    raise RuleError(
        f"The registry does not know {', '.join(unknown)}: {first}, or publish the feed as a station that exists "
        "(`quantrac stations list`) with --station CODE."
    )


def survey(feeds: Sequence[Feed], options: ReplayOptions) -> Extent:
    """Read the feeds once and return how much of them lies between ``since`` and ``until``.

    Raises
    ------
    RuleError
        Nothing does.
    """
    messages = readings = 0
    first = last = None
    symbols: dict[str, set[str]] = {}
    faults = FaultLog(keep=3)
    for recorded in _within(feeds, options, faults):
        messages += 1
        readings += len(recorded.samples)
        first = recorded.observed_at if first is None else min(first, recorded.observed_at)
        last = recorded.observed_at if last is None else max(last, recorded.observed_at)
        symbols.setdefault(recorded.station, set()).update(s.parameter for s in recorded.samples)
    if first is None or last is None:
        raise RuleError(_why_nothing(feeds, faults))
    return Extent(messages, readings, first, last, {k: frozenset(v) for k, v in symbols.items()})


def _why_nothing(feeds: Sequence[Feed], faults: FaultLog) -> str:
    """Return the sentence about feeds of which nothing is left to publish: what is wrong in them, or where they lie."""
    name = feeds[0].name if len(feeds) == 1 else f"{len(feeds)} feeds"
    stamps = [r.observed_at for feed in feeds for r in feed.rows(FaultLog())]
    if stamps:
        first, last = (at.astimezone(VIETNAM).isoformat() for at in (min(stamps), max(stamps)))
        return f"{name}: nothing lies between --from and --until, it goes from {first} to {last}. Widen them."
    if not faults.count:
        return f"{name}: there is nothing in it. Name another file."
    more = f"; and {faults.count - len(faults.first):,} more" if faults.count > len(faults.first) else ""
    return (
        f"{name}: no row can be published. {'; '.join(map(str, faults.first))}{more}. Correct the file, or its "
        "mapping (--mapping)."
    )


def unknown_symbols(extent: Extent, registry: Registry, now: datetime) -> dict[str, list[str]]:
    """Return the symbols of a feed that are no parameter or alias of their station: they become dead letters."""
    unknown: dict[str, list[str]] = {}
    for code, symbols in extent.symbols.items():
        station = registry.station(code, now)
        missing = sorted(symbols - set(station.sensor_of_symbol)) if station else []
        if missing:
            unknown[code] = missing
    return unknown


def run_replay(
    recording: Recording,
    extent: Extent,
    endpoint_of: Callable[[str], MqttEndpoint],
    folder: Path,
    *,
    clock: Clock,
    options: ReplayOptions,
    stop: Callable[[], bool] = lambda: False,
    each_second: Callable[[PublishReport], None] = lambda _report: None,
) -> ReplayResult:
    """Publish a recording and return when the broker has acknowledged it, or ``stop`` says so.

    ``replay-report.json`` in ``folder`` says what was published.

    Raises
    ------
    BrokerError
        No station can connect, or a login is refused.
    """
    faults = FaultLog()

    def record(report: PublishReport) -> None:
        write_report(folder / REPORT_FILE, report, clock.now())
        each_second(report)

    publisher = Publisher(
        {code: endpoint_of(code) for code in sorted({f.station for f in recording.feeds})},
        clock=clock,
        limits=options.limits,
        each_second=record,
        stop=stop,
    )
    start = clock.now()
    shift = shift_of(extent, options, start)
    report = publisher.run(paced(_within(recording.feeds, options, faults), extent, options, start=start, shift=shift))
    return ReplayResult(report, extent, shift, faults)


def shift_of(extent: Extent, options: ReplayOptions, start: datetime) -> timedelta:
    """Return what is added to every stamp: whole seconds, and never so much that a stamp is in the future."""
    if not options.shift_to_now:
        return timedelta()
    takes = (extent.last - extent.first) / options.speed if options.speed else timedelta()
    return timedelta(seconds=(start + takes - extent.last) // timedelta(seconds=1))


def paced(
    recorded: Iterator[Recorded], extent: Extent, options: ReplayOptions, *, start: datetime, shift: timedelta
) -> Iterator[Message]:
    """Yield the messages of a recording with the instants at which they are to be published."""
    for r in recorded:
        wait = (r.observed_at - extent.first) / options.speed if options.speed else timedelta()
        yield Message(r.station, r.observed_at + shift, start + wait, r.samples)


def _within(feeds: Sequence[Feed], options: ReplayOptions, faults: FaultLog) -> Iterator[Recorded]:
    """All feeds merged by their stamps; a row out of order within its file keeps its place there."""
    return heapq.merge(*(_cut(f, options, faults) for f in feeds), key=lambda r: r.observed_at)


def _cut(feed: Feed, options: ReplayOptions, faults: FaultLog) -> Iterator[Recorded]:
    try:
        since = instant_of(options.since, feed.zone) if options.since else None
        until = instant_of(options.until, feed.zone) if options.until else None
    except ValueError as exc:
        raise SettingsError(f"--from or --until: {exc}.") from exc
    for recorded in feed.rows(faults):
        if (since is None or recorded.observed_at >= since) and (until is None or recorded.observed_at < until):
            yield recorded
