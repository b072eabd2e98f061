"""Mosquitto and PostgreSQL with TimescaleDB from Debian packages, unpacked into a folder of their own without root.

A private apt configuration (own lists, archives, package status and source) downloads the packages; apt checks their
signatures and hashes. The machine's other apt settings (proxies, certificates) stay in force. The unpacked programs are
then pointed at the unpacked C library and libraries, so the machine's own release does not matter.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local.servers.files import complete_once, is_complete
from local.servers.mirror import debian_mirror
from local.servers.patching import patch_programs
from local.servers.progress import Progress
from quantrac.errors import ServerError

SUITE = "trixie"
PACKAGES = ("postgresql-17", "postgresql-17-timescaledb", "mosquitto", "mosquitto-clients")
NOT_UNPACKED = ("libllvm", "libz3", "libperl", "perl", "locales", "libc-l10n", "debconf", "passwd", "procps", "adduser")
"""Packages (by start of name) that are needed to configure the others, but not to run the programs."""
IDENTITY = f"{SUITE}:{','.join(PACKAGES)}:1"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True, slots=True)
class DebianPrograms:
    """The unpacked packages."""

    root: Path

    @property
    def mosquitto(self) -> Path:
        """The MQTT broker."""
        return self.root / "usr/sbin/mosquitto"

    @property
    def mosquitto_passwd(self) -> Path:
        """Hashes the broker's password file."""
        return self.root / "usr/bin/mosquitto_passwd"

    def postgres(self, program: str) -> Path:
        """Return a program of PostgreSQL: ``postgres``, ``initdb``, ``psql``, ``pg_dump``."""
        return self.root / "usr/lib/postgresql/17/bin" / program


def programs_in(folder: Path) -> DebianPrograms:
    """Return the programs below the cache ``folder``, fetched or not."""
    return DebianPrograms(folder / f"debian-{SUITE}")


def are_fetched(folder: Path) -> bool:
    """Whether the programs are complete below the cache ``folder``."""
    return is_complete(programs_in(folder).root, IDENTITY)


def fetch_debian(folder: Path, mirror: str | None, progress: Progress) -> DebianPrograms:
    """Download and unpack the programs below ``folder`` unless they are there.

    Parameters
    ----------
    folder
        The cache folder. Absolute: the programs contain its path and cannot be moved.
    mirror
        A Debian mirror's address; ``None`` asks apt for the machine's own.
    progress
        Told about the download and the unpacking.

    Raises
    ------
    ServerError
        The mirror cannot be reached, a signature is not good, or the machine has no apt.
    """
    target = programs_in(folder)

    def build(work: Path) -> None:
        configuration = _private_apt(work, mirror or debian_mirror())
        _apt(configuration, ["update", "--error-on=any"], "Debian: package lists", progress)
        install = ["install", "-y", "--no-install-recommends", "--download-only", *PACKAGES]
        _apt(configuration, install, "Debian: packages", progress)
        root = work / "root"
        _unpack(work / "cache/archives", root, progress)
        patch_programs(root, target.root)

    complete_once(target.root, IDENTITY, build)
    return target


def _private_apt(work: Path, mirror: str) -> Path:
    for folder in ("state/lists/partial", "cache/archives/partial", "etc"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    (work / "state/status").touch()
    source = f"Types: deb\nURIs: {mirror}\nSuites: {SUITE}\nComponents: main\nTargets: Packages\n"
    if KEYRING.exists():
        source += f"Signed-By: {KEYRING}\n"
    (work / "etc/quantrac.sources").write_text(source, encoding="utf-8")
    configuration = work / "etc/apt.conf"
    # The machine's hooks after an update or an installation are about its own archives, not about ours.
    configuration.write_text(
        f"""Dir::State "{work}/state";
Dir::State::status "{work}/state/status";
Dir::Cache "{work}/cache";
Dir::Etc::sourcelist "{work}/etc/quantrac.sources";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "-";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "20";
APT::Sandbox::User "root";
APT::Keep-Downloaded-Packages "true";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
""",
        encoding="utf-8",
    )
    return configuration


def _apt(configuration: Path, arguments: list[str], work: str, progress: Progress) -> None:
    reader, writer = os.pipe()
    command = ["apt-get", "-q", "-c", str(configuration), "-o", f"APT::Status-Fd={writer}", *arguments]
    log_path = configuration.parent / f"apt-{arguments[0]}.log"
    try:
        with log_path.open("w") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(writer,))
    except FileNotFoundError as exc:
        os.close(reader)
        raise ServerError(
            "Local servers are fetched by apt-get, which this machine does not have: name your own servers instead."
        ) from exc
    finally:
        os.close(writer)
    with os.fdopen(reader, encoding="utf-8", errors="replace") as status:
        for line in status:
            parts = line.split(":")
            if parts[0] == "dlstatus" and len(parts) > 2:
                progress.advance_to(work, float(parts[2]), 100)
    if process.wait() != 0:
        raise ServerError(_apt_sentence(log_path.read_text(encoding="utf-8", errors="replace")))
    progress.advance_to(work, 100, 100)


def _apt_sentence(output: str) -> str:
    lines = [line[3:].strip() for line in output.splitlines() if line.startswith(("E: ", "W: "))]
    reason = lines[0] if lines else "apt-get gave no reason"
    if "NO_PUBKEY" in output or "is not signed" in output:
        todo = "install a newer package debian-archive-keyring and try again"
    else:
        todo = "check the network and the mirror (QUANTRAC_DEBIAN_MIRROR can name another), then try again"
    return f"Debian's packages could not be fetched: {reason.rstrip('.')}; {todo}. What is already there is kept."


def _unpack(archives: Path, root: Path, progress: Progress) -> None:
    packages = [path for path in sorted(archives.glob("*.deb")) if not path.name.startswith(NOT_UNPACKED)]
    root.mkdir(parents=True)
    for done, package in enumerate(packages, start=1):
        result = subprocess.run(["dpkg", "-x", str(package), str(root)], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            package.unlink()
            said = result.stderr.strip().splitlines() or ["dpkg gave no reason"]
            raise ServerError(
                f"{package.name} could not be unpacked: {said[-1].rstrip('.')}; check the disk and try again."
            )
        progress.advance_to("Debian: unpacking", done, len(packages))
    for unused in ("usr/share/doc", "usr/share/man", "usr/share/locale"):
        shutil.rmtree(root / unused, ignore_errors=True)
