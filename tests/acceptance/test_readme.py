"""The README's commands, literally, in a clean clone and a bare home: nothing but PATH and HOME in the environment.

Two things are another's for the time's sake: the packages of this environment serve the clone's own ``.venv``, and the
servers' programs come from this machine's cache. The drill is a shorter one, and FOLDER is one that the test makes.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from quantrac.domain.stations import VIETNAM
from quantrac.settings import load_settings

ROOT = Path(__file__).parents[2]
STATION = "DT_KCNSADEC_NUOSXL"
IN_ITS_PLACE = {"drill run drill --duration 10m": "drill run demo --duration 40s --to tap@example.vn", "FOLDER": "feed"}
"""What a test has no ten minutes for, and what the reader has to fill in."""


def commands() -> list[str]:
    """Return the lines of the README's block of daily commands, as they stand there."""
    text = (ROOT / "README.md").read_text("utf-8")
    (block,) = re.findall(r"^## Use it\n\n```\n(.*?)^```", text, re.M | re.S)
    return [str(line) for line in block.splitlines()]


@pytest.fixture(scope="module")
def clone() -> Iterator[Path]:
    """A clean clone beside a bare home, whose ``.venv`` runs the clone's code with this environment's packages."""
    folder = Path(tempfile.mkdtemp(prefix="quantrac-readme-"))
    folder.chmod(0o711)  # the local PostgreSQL of root runs as another user
    clone = folder / "quantrac"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)], check=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(clone / ".venv")], check=True)
    (packages,) = (clone / ".venv" / "lib").glob("python*/site-packages")
    (packages / "clone.pth").write_text(f"{clone}\n{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    _compiled(clone)
    program = clone / ".venv" / "bin" / "quantrac"
    source = (Path(sys.executable).parent / "quantrac").read_text("utf-8")
    program.write_text(re.sub(r"^#!.*", f"#!{clone}/.venv/bin/python", source), encoding="utf-8")
    program.chmod(0o755)
    (folder / "home" / ".cache").mkdir(parents=True)
    for part in (folder / "home", folder / "home" / ".cache"):
        part.chmod(0o711)
    (folder / "home" / ".cache" / "quantrac").symlink_to(load_settings().cache_dir)
    now = datetime.now(VIETNAM)
    (clone / "feed").mkdir()
    for minutes in (15, 10, 5):
        stamp = (now - timedelta(minutes=minutes)).strftime("%Y%m%d%H%M00")
        lines = f"COD\t58.0\tmg/L\t{stamp}\t00\r\npH\t7.2\t\t{stamp}\t00\r\n"
        (clone / "feed" / f"{STATION}_{stamp}.txt").write_text(lines, encoding="utf-8", newline="")
    yield clone
    bash(clone, "quantrac servers stop")
    shutil.rmtree(folder, ignore_errors=True)


def _compiled(clone: Path) -> None:
    """Copy what the install compiles, with the instants of its sources, by which numba knows it."""
    for compiled in (ROOT / "models").rglob("__pycache__/*.nb[ic]"):
        target = clone / compiled.relative_to(ROOT)
        target.parent.mkdir(exist_ok=True)
        shutil.copy2(compiled, target)
    for source in (ROOT / "models").rglob("*.py"):
        if (copy := clone / source.relative_to(ROOT)).exists():
            shutil.copystat(source, copy)


def bash(clone: Path, script: str, timeout_s: float = 120) -> tuple[int, str]:
    """Run commands as in a new terminal; what they leave in the background ends with them."""
    path = f"{clone}/.venv/bin:/usr/local/bin:/usr/bin:/bin"
    environment = {"PATH": path, "HOME": str(clone.parent / "home")}
    log = clone.parent / "terminal.log"
    with log.open("wb") as output:
        shell = subprocess.Popen(
            ["bash", "-euc", script], cwd=clone, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            status = shell.wait(timeout_s)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGTERM)
    return status, log.read_text("utf-8", errors="replace")


def test_the_block_is_the_one_that_is_meant() -> None:
    said = "\n".join(commands())
    assert all(words in said for words in (*IN_ITS_PLACE, "servers start", "run bridge", "status", "doctor"))


@pytest.mark.timeout(480)
def test_the_commands_of_the_readme_do_what_they_say(clone: Path) -> None:
    script = "\n".join(commands())
    for words, mine in IN_ITS_PLACE.items():
        script = script.replace(words, mine)
    status, said = bash(clone, script, 420)
    assert status == 0, said[-3000:]
    for words in ("All servers run", "imported", "stations may log in", "residual"):
        assert words in said, words
    assert re.search(r"drill\.html", said), "the drill ends with its report"


def test_help_lists_every_command_with_an_example(clone: Path) -> None:
    status, said = bash(clone, ".venv/bin/quantrac --help")
    assert status == 0
    for name in ("servers", "stations", "drill", "report", "ledger", "up"):
        assert name in said
