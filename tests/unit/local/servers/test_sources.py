from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from local.servers import jars, patching
from local.servers.accounts import Account, can_enter
from local.servers.debian import _apt_sentence, programs_in
from local.servers.java import find_java, parse_java_version
from local.servers.mirror import choose_mirror
from local.servers.mosquitto import Mosquitto
from local.servers.psql import literal, name_of_database
from quantrac.errors import ServerError

VENDOR = "http://vendor.example/apt|any|main|vendor"
SECURITY = "http://sec.example/debian-security/|bookworm-security|main|Debian"
DEBIAN = "http://m.example/debian/|bookworm|main|Debian"
FRESH = "http://m.example/debian/|bookworm|main|"
OTHER_PART = "http://x.example/debian/|bookworm|contrib|Debian"


@pytest.mark.parametrize(
    ("lines", "mirror"),
    [
        ([VENDOR, SECURITY, OTHER_PART, DEBIAN], "http://m.example/debian/"),
        ([VENDOR, FRESH], "http://m.example/debian/"),
        ([VENDOR, SECURITY], None),
        (["", "E: something"], None),
    ],
)
def test_the_mirror_is_debians_own(lines: list[str], mirror: str | None) -> None:
    assert choose_mirror(lines, "bookworm") == mirror


def test_apts_reason_becomes_a_sentence() -> None:
    said = "Err:1 x\nE: Failed to fetch http://m.example/InRelease  Could not connect to m.example:80.\nE: Some files"
    sentence = _apt_sentence(said)
    assert "Could not connect to m.example:80; check the network" in sentence
    assert "debian-archive-keyring" in _apt_sentence("W: GPG error: NO_PUBKEY 6ED0E7B82643E131")


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "25" 2025-09-16', 25),
        ('java version "1.8.0_402"', 8),
        ("no such thing", 0),
    ],
)
def test_java_versions(said: str, version: int) -> None:
    assert parse_java_version(said) == version


def test_a_configured_java_that_is_missing_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=r"Java 17 or later, but there is no .*/java"):
        find_java(tmp_path / "java")


def test_the_lock_names_each_jar_once() -> None:
    locked = jars.locked_jars()
    assert len({jar.file_name for jar in locked}) == len(locked) == 46
    assert f"kafka_2.13-{jars.KAFKA_VERSION}.jar" in {jar.file_name for jar in locked}
    assert {len(jar.sha256) for jar in locked} == {64}


class Repository:
    """Stands for jgo's Maven context: `resolve` gives the next of some contents, as a proxy that spoils files would."""

    def __init__(self, path: Path, contents: list[bytes]) -> None:
        self.path, self.contents = path, contents

    def project(self, _group: str, _artifact: str) -> Repository:
        return self

    def at_version(self, _version: str) -> Repository:
        return self

    def artifact(self) -> Repository:
        return self

    def resolve(self) -> Path:
        if not self.path.exists():
            self.path.write_bytes(self.contents.pop(0))
        return self.path


def test_a_broken_jar_is_fetched_again(tmp_path: Path) -> None:
    jar = jars.Jar(hashlib.sha256(b"whole").hexdigest(), "g", "a", "1")
    path = tmp_path / "a-1.jar"
    path.write_bytes(b"who")
    assert jars.download(Repository(path, [b"whole"]), jar).read_bytes() == b"whole"


def test_a_jar_with_another_checksum_is_refused(tmp_path: Path) -> None:
    jar = jars.Jar("0" * 64, "g", "a", "1")
    with pytest.raises(ServerError, match=r"a-1\.jar from Maven Central does not have the recorded SHA-256"):
        jars.download(Repository(tmp_path / "a-1.jar", [b"x", b"y"]), jar)
    assert not (tmp_path / "a-1.jar").exists()


def test_no_loader_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="architecture is not supported"):
        patching.patch_programs(tmp_path, tmp_path)


def test_who_may_enter_a_folder(tmp_path: Path) -> None:
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    stranger = Account("stranger", os.getuid() + 1, os.getgid() + 1)
    owner = Account("owner", os.getuid(), os.getgid())
    assert not can_enter(closed / "cache" / "new", stranger)
    assert can_enter(closed / "cache", owner) == can_enter(tmp_path, owner)
    closed.chmod(0o711)
    assert can_enter(closed, stranger) == can_enter(tmp_path, stranger)


@pytest.mark.parametrize(
    "code", ["bridge", "bridge-1", "bridge-x", "probe", "", "a/b", "a+", "#", "a:b", "x" * 65, "a\nb"]
)
def test_codes_that_are_no_users(tmp_path: Path, code: str) -> None:
    with pytest.raises(ServerError, match="cannot be a station's user"):
        Mosquitto(tmp_path, programs_in(tmp_path)).add_stations([code])


@pytest.mark.parametrize("name", ["", "A", "a-b", 'a"; DROP', "1a", "a" * 64])
def test_names_that_are_no_databases(name: str) -> None:
    with pytest.raises(ServerError, match="no name for a database"):
        name_of_database(name)


def test_sql_strings() -> None:
    assert literal("it's") == "'it''s'"
