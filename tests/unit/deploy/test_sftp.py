"""The SFTP configuration for loggers: chroot, what is refused, and scripts that a shell can read."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SFTP = Path(__file__).parents[3] / "deploy" / "sftp"
CONFIG = dict(
    line.split(maxsplit=1)
    for line in (SFTP / "sshd_config").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
)


def test_a_logger_gets_its_folder_and_nothing_else() -> None:
    assert CONFIG["ChrootDirectory"] == "%h"
    assert CONFIG["AllowGroups"] == "quantrac-loggers"
    assert CONFIG["DisableForwarding"] == "yes"
    assert CONFIG["PermitTTY"] == CONFIG["PermitRootLogin"] == CONFIG["PermitTunnel"] == "no"
    command = CONFIG["ForceCommand"].split()
    assert command[0] == "internal-sftp"
    refused = set(command[command.index("-P") + 1].split(","))
    assert refused == {"read", "remove", "rmdir", "readlink", "symlink", "hardlink", "copy-data"}


@pytest.mark.parametrize("code", ["", "../x", "-x", "a b", "ạ", "x" * 33, "$(id)"])
def test_what_is_no_station_code_is_refused_before_anything_is_done(code: str) -> None:
    done = subprocess.run(
        [shutil.which("bash") or "bash", SFTP / "add-logger.sh", code], capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"add-logger.sh DT_" in done.stderr
