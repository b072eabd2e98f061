"""A demo that begins soon after the last one: that one's data are put aside, and kept until the next time.

The stations of a demo live through the same stretch anew with each run, and send their past first. Where the last run
has sent readings of that time, the same instants would get other values: what a station that falsifies does.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local.alone import FILE
from local.servers.accounts import database_folder, make_run_dir
from quantrac.errors import ServerError

BEFORE = "-before"
"""What the name of the folder has more in which a run's data are put aside."""


def sent_lately(report: Path, past: timedelta, now: datetime) -> bool:
    """Return whether the fleet that has left a report was at work within the past that a new one would send."""
    return report.exists() and datetime.fromtimestamp(report.stat().st_mtime, UTC) > now - past


def put_aside(run_dir: Path) -> Path:
    """Empty a run folder of which nothing runs, and return where its data are now; what was there before is removed.

    The run folder itself stays, and who holds it goes on holding it.

    Raises
    ------
    ServerError
        The files cannot be moved.
    """
    before = run_dir.with_name(run_dir.name + BEFORE)
    try:
        _move(run_dir, before)
    except OSError as exc:
        raise ServerError(
            f"{run_dir} cannot be emptied into {before} ({exc.strerror}). Remove both, or name another "
            "QUANTRAC_RUN_DIR."
        ) from exc
    return before


def _move(run_dir: Path, before: Path) -> None:
    apart = database_folder(run_dir)
    shutil.rmtree(before, ignore_errors=True)
    make_run_dir(before)
    for entry in list(run_dir.iterdir()):
        if entry.name != FILE:
            entry.rename(before / entry.name)
    if not apart.is_relative_to(run_dir) and apart.exists():
        kept = database_folder(before)
        shutil.rmtree(kept.parent, ignore_errors=True)
        apart.parent.rename(kept.parent)
