"""Scripts of the page from Maven Central, as WebJars, each checked against the SHA-256 that ships with quantrac."""

from __future__ import annotations

import hashlib
import zipfile
from importlib import resources
from pathlib import Path

from local.servers.files import complete_once
from local.servers.jars import download, identity, maven, read_lock
from local.servers.progress import Progress

KEPT = (".js", ".css", ".png", ".svg")


def fetch_scripts(folder: Path, progress: Progress) -> Path:
    """Download the page's scripts below ``folder`` unless they are there, and return the folder that has them.

    Each is at ``<artifact>/<path in its package>``, such as ``leaflet/dist/leaflet.js``.

    Raises
    ------
    ServerError
        Maven Central cannot be reached, or a file is not what it was when its checksum was recorded.
    """
    text = resources.files("web").joinpath("webjars.lock").read_text(encoding="utf-8")
    jars = read_lock(text.splitlines())

    def build(work: Path) -> None:
        context = maven(work / "maven")
        for number, jar in enumerate(jars, 1):
            path = download(context, jar)

            unpack(path, f"META-INF/resources/webjars/{jar.artifact}/{jar.version}/", work / "root" / jar.artifact)
            progress.advance_to("Scripts of the page", number, len(jars))

    return complete_once(folder / f"webjars-{hashlib.sha256(text.encode()).hexdigest()[:12]}", identity(jars), build)


def unpack(jar: Path, prefix: str, target: Path) -> None:
    """Write what browsers need of a WebJar below ``target``; nothing can get outside of it."""
    with zipfile.ZipFile(jar) as archive:
        for name in archive.namelist():
            inner = name.removeprefix(prefix)
            if inner == name or not inner.endswith(KEPT) or ".." in inner.split("/"):
                continue
            file = target / inner
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(archive.read(name))
