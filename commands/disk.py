"""How much room there is."""

from __future__ import annotations

import shutil
from pathlib import Path


def free_bytes(run_dir: Path) -> int:
    """Return what is free on the disk of the run folder, which need not exist yet."""
    return shutil.disk_usage(next(p for p in (run_dir, *run_dir.parents) if p.exists())).free
