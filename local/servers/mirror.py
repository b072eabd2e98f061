"""Which Debian mirror the machine itself uses, as apt tells it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from quantrac.errors import ServerError

_FORMAT = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)"


def debian_mirror() -> str:
    """Return the address of the machine's own Debian mirror.

    Raises
    ------
    ServerError
        apt knows none.
    """
    command = ["apt-get", "indextargets", "--format", _FORMAT, "Created-By: Packages"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as exc:
        raise ServerError(
            "Local servers are fetched by apt-get, which this machine does not have: name your own servers instead."
        ) from exc
    mirror = choose_mirror(answer.stdout.splitlines(), own_release())
    if mirror is None:
        raise ServerError(
            "apt names no Debian mirror here: name one by QUANTRAC_DEBIAN_MIRROR, or add it to apt's sources."
        )
    return mirror


def choose_mirror(lines: Iterable[str], release: str) -> str | None:
    """Return the mirror of Debian's own suite among apt's lines ``address|suite|component|origin``.

    The origin is empty until the machine's lists were downloaded once; then the suite that is the machine's own
    ``release``, or the name of a whole Debian release, has to do. Suites as ``bookworm-security`` are elsewhere.

    >>> vendor, debian = "http://v.example/apt|any|main|vendor", "http://m.example/debian/|bookworm|main|Debian"
    >>> choose_mirror([vendor, debian], "bookworm")
    'http://m.example/debian/'
    """
    names = {release, "stable", "oldstable", "bookworm", "trixie"} - {""}
    rows = [parts for line in lines if len(parts := line.strip().split("|")) == 4]
    fitting = [
        (address, origin) for address, suite, component, origin in rows if component == "main" and suite in names
    ]
    named = [address for address, origin in fitting if origin == "Debian"]
    unnamed = [address for address, origin in fitting if not origin or origin.startswith("$(")]
    return next(iter(named + unnamed), None)


def own_release() -> str:
    """Return the code name of the machine's release; the empty string when it does not say."""
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ""
    fields = dict(line.split("=", 1) for line in lines if "=" in line)
    return fields.get("VERSION_CODENAME", "").strip('"')
