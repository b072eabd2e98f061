"""Number 10 of the promises: a configuration file with secrets that every user of the machine can read is refused."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantrac.errors import SettingsError
from quantrac.settings import load_settings


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter (pytest's own is closed)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


SECRET, PLAIN = 'kafka_password = "x"\n', 'log_level = "INFO"\n'


@pytest.mark.parametrize(
    ("text", "mode", "done"),
    [(SECRET, 0o644, "read"), (SECRET, 0o604, "read"), (SECRET, 0o622, "write"), (PLAIN, 0o666, "write")],
)
def test_number_10_an_exposed_file_is_refused(open_folder: Path, text: str, mode: int, done: str) -> None:
    file = open_folder / "quantrac.toml"
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(SettingsError, match=rf"every user of this machine can {done} it: chmod 600"):
        load_settings({"QUANTRAC_CONFIG_FILE": str(file)})


@pytest.mark.parametrize(
    ("text", "mode", "folder_mode"),
    [(SECRET, 0o600, 0o755), (SECRET, 0o640, 0o755), (PLAIN, 0o644, 0o755), (SECRET, 0o644, 0o700)],
)
def test_number_10_a_closed_file_is_taken(open_folder: Path, text: str, mode: int, folder_mode: int) -> None:
    file = open_folder / "quantrac.toml"
    file.write_text(text)
    file.chmod(mode)
    open_folder.chmod(folder_mode)
    load_settings({"QUANTRAC_CONFIG_FILE": str(file)})
