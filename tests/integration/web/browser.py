"""Debian's Chromium for the tests: found, or installed where we may; else the tests are skipped, visibly."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache

NAMES = ("chromium", "chromium-browser", "google-chrome")


@cache
def chromium() -> tuple[str, str]:
    """Return the program, and why there is none where it is the empty text."""
    found = _found()
    if found:
        return found, ""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return "", "there is no Chromium here: on Debian, 'apt-get install chromium'"
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "-qq", "update"], ["apt-get", "-qq", "install", "-y", "chromium"]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=150, check=False)
    said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
    return _found(), f"apt-get could not install chromium: {said}"


def _found() -> str:
    return next((path for name in NAMES if (path := shutil.which(name))), "")
