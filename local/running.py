"""The processes of one installation on this machine: which run, and which of them are missing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psutil

from local.servers.files import read_json
from quantrac.settings import PREFIX, Settings

EXPECTED = ("bridge", "worker", "incidents", "notifier", "trainer")
"""What an installation needs at least one of, somewhere."""


@dataclass(frozen=True, slots=True)
class ProcessLine:
    """One process of quantrac on this machine."""

    name: str
    pid: int
    up: timedelta
    rss_mb: float
    cpu_s: float


def running(settings: Settings, now: datetime) -> Iterator[ProcessLine]:
    """Yield the local servers of the run folder, and every ``quantrac run`` that uses it, that are alive."""
    known = {int(read_json(path).get("pid", 0)): path.stem for path in settings.run_dir.glob("*.pid")}
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            name = known.get(process.pid)
            if name is None and _is_of(process, settings):
                name = our_command(process.cmdline())
            if name is not None:
                yield _line(name, process, now.timestamp())


def missing(lines: Collection[ProcessLine]) -> list[str]:
    """Return which of the expected processes do not run here; none where nothing of ours but servers runs."""
    kinds = {line.name.partition("-")[0] for line in lines}
    return [name for name in EXPECTED if name not in kinds] if kinds & set(EXPECTED) else []


def our_command(words: Sequence[str]) -> str | None:
    """Return what follows ``quantrac run`` in a command line; ``None`` when it is another command.

    >>> our_command(["python", "-m", "quantrac", "run", "worker"]), our_command(["quantrac", "status"])
    ('worker', None)
    """
    for at, word in enumerate(words[:-2]):
        if Path(word).name == "quantrac" and words[at + 1] == "run":
            return words[at + 2]
    return None


def _is_of(process: psutil.Process, settings: Settings) -> bool:
    """Whether a process has the run folder of these settings: another installation's has another."""
    environment = process.environ()
    named = environment.get(f"{PREFIX}RUN_DIR")
    if named is not None:
        return Path(named).expanduser().resolve() == settings.run_dir.resolve()
    default = Settings.model_fields["run_dir"].get_default(call_default_factory=True)
    return f"{PREFIX}CONFIG_FILE" in environment or Path(default).resolve() == settings.run_dir.resolve()


def _line(name: str, process: psutil.Process, now_s: float) -> ProcessLine:
    with process.oneshot():
        family = [process, *process.children(recursive=True)]
        rss = sum(p.memory_info().rss for p in family)
        cpu = sum(sum(p.cpu_times()[:2]) for p in family)
        up = timedelta(seconds=round(now_s - process.create_time()))
    return ProcessLine(name, process.pid, up, rss / 1e6, cpu)
