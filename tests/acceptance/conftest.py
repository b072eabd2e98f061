"""A stage of its own for these tests: they stop and kill servers that others would miss."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.prepare import prepare
from local.servers import LocalServers
from local.servers.progress import NoProgress, bars_on_stderr
from quantrac.registry import load_registry, sample_province, with_cadence
from quantrac.settings import load_settings

from .stage import Stage


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Servers, bridge, two workers and a notifier with the sample province, shared by the scenarios of a module."""
    settings = load_settings()
    # Not below pytest's own folder: root's PostgreSQL runs as another user, who may not enter there.
    run_dir = Path(tempfile.mkdtemp(prefix="quantrac-acceptance-"))
    run_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
    servers = LocalServers(run_dir, settings.cache_dir, mirror=settings.debian_mirror)
    try:
        with bars_on_stderr() as bars:
            servers.start(bars)
        registry = with_cadence(load_registry([sample_province()]), cadence_s=1.0)
        prepare(servers, settings, registry, NoProgress())
        stage = Stage(servers)
        try:
            stage.open()
            yield stage
        finally:
            stage.close()
    finally:
        servers.stop_all()
        shutil.rmtree(run_dir, ignore_errors=True)
        if not servers.postgres.folder.is_relative_to(run_dir):
            shutil.rmtree(servers.postgres.folder.parent, ignore_errors=True)
