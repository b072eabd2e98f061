"""Apache Kafka's jars from Maven Central, each checked against the SHA-256 that ships with quantrac."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from local.servers.files import complete_once, is_complete
from local.servers.progress import Progress
from quantrac.errors import ServerError

if TYPE_CHECKING:
    from jgo.maven import MavenContext

KAFKA_VERSION = "4.3.1"
DOWNLOADS_AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class Jar:
    """One file of Maven Central."""

    sha256: str
    group: str
    artifact: str
    version: str

    @property
    def file_name(self) -> str:
        """The file's name in Maven's layout."""
        return f"{self.artifact}-{self.version}.jar"


def read_lock(lines: Iterable[str]) -> tuple[Jar, ...]:
    """Return the jars of a lock file with lines ``sha256  group:artifact:version``.

    >>> read_lock(["00ff  org.apache.kafka:kafka_2.13:4.3.1"])[0].file_name
    'kafka_2.13-4.3.1.jar'
    """
    jars = []
    for line in lines:
        sha256, coordinate = line.split()
        group, artifact, version = coordinate.split(":")
        jars.append(Jar(sha256, group, artifact, version))
    return tuple(jars)


def locked_jars() -> tuple[Jar, ...]:
    """Return Kafka's jars and what they need, as `jgo.resolve` found them, and log4j for its log."""
    text = resources.files("local.servers").joinpath("kafka-jars.lock").read_text(encoding="utf-8")
    return read_lock(text.splitlines())


def jar_folder(folder: Path) -> Path:
    """Return where Kafka's jars are below the cache ``folder``."""
    return folder / f"kafka-{KAFKA_VERSION}"


def are_fetched(folder: Path) -> bool:
    """Whether the jars are complete below the cache ``folder``."""
    return is_complete(jar_folder(folder), identity(locked_jars()))


def fetch_kafka(folder: Path, progress: Progress) -> Path:
    """Download the jars below ``folder`` unless they are there, and return the folder that holds them.

    Raises
    ------
    ServerError
        Maven Central cannot be reached, or a file is not what it was when its checksum was recorded.
    """
    jars = locked_jars()

    def build(work: Path) -> None:
        context = maven(work / "maven")
        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE, thread_name_prefix="jars") as pool:
            paths = []
            for path in pool.map(lambda jar: download(context, jar), jars):
                paths.append(path)
                progress.advance_to(f"Kafka {KAFKA_VERSION}: jars", len(paths), len(jars))
        (work / "root").mkdir()
        for path in paths:
            shutil.copy2(path, work / "root" / path.name)

    return complete_once(jar_folder(folder), identity(jars), build)


def identity(jars: tuple[Jar, ...]) -> str:
    """Return a digest of all of them."""
    return hashlib.sha256("".join(jar.sha256 for jar in jars).encode()).hexdigest()


def maven(repository: Path) -> MavenContext:
    """Return Maven Central, kept in a folder."""
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext

    # The machine's jgo settings may name mirrors; they are asked before jgo's own default.
    remotes = {**GlobalSettings.load().repositories, "central": MAVEN_CENTRAL_URL}
    return MavenContext(repo_cache=repository, remote_repos=remotes, timeout=30)


def download(context: MavenContext, jar: Jar) -> Path:
    """Return the checked file; one that an interruption left incomplete is downloaded again."""
    import requests

    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    for _ in range(2):
        try:
            path = Path(artifact.resolve())
        except (requests.RequestException, RuntimeError, OSError) as exc:
            raise ServerError(
                f"{jar.file_name} could not be fetched from Maven Central: {_reason(exc)}; check the "
                "network, then start the same command again. What is already there is kept."
            ) from exc
        if hashlib.sha256(path.read_bytes()).hexdigest() == jar.sha256:
            return path
        path.unlink()
    raise ServerError(
        f"{jar.file_name} from Maven Central does not have the recorded SHA-256 {jar.sha256}: do not use it; "
        "a proxy may have changed it on its way."
    )


def _reason(exc: Exception) -> str:
    return str(exc).splitlines()[0].rstrip(".") if str(exc) else type(exc).__name__
