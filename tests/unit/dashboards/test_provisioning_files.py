"""Provisioning by files, and the data source of a connection URI."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest

from dashboards.catalogue import dashboards
from dashboards.datasource import Datasource
from dashboards.files import write_files
from quantrac.errors import SettingsError

URI = "postgresql://quantrac_reader:s%40cret@db.example:5433/quantrac?sslmode=verify-ca&sslrootcert=/run/ca.pem"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (URI, ("db.example", 5433, "quantrac", "quantrac_reader", "s@cret", "verify-ca", "/run/ca.pem")),
        ("postgresql://r:p@127.0.0.1/q", ("127.0.0.1", 5432, "q", "r", "p", "disable", None)),
        ("postgresql://r:p@db/q?sslmode=prefer", ("db", 5432, "q", "r", "p", "require", None)),
        ("postgresql:///q?host=/run/pg&user=r&port=6000", ("/run/pg", 6000, "q", "r", "", "disable", None)),
        ("postgresql://r@db", ("db", 5432, "r", "r", "", "require", None)),
    ],
)
def test_a_connection_uri_becomes_a_data_source(uri: str, expected: tuple[object, ...]) -> None:
    d = Datasource.of_uri(uri)
    assert (d.host, d.port, d.database, d.user, d.password, d.tls_mode, d.ca_file) == expected
    assert "s@cret" not in repr(d)


@pytest.mark.parametrize("uri", ["postgresql:///q", "postgresql://db/q", ""])
def test_a_uri_without_host_or_user_is_refused(uri: str) -> None:
    with pytest.raises(SettingsError, match="host and a user"):
        Datasource.of_uri(uri)


def test_an_ipv6_host_keeps_its_brackets() -> None:
    assert Datasource.of_uri("postgresql://r:p@[::1]:5433/q").to_json()["url"] == "[::1]:5433"


def test_files_hold_no_password(tmp_path: Path) -> None:
    files = write_files(
        tmp_path,
        dashboards(),
        Datasource.of_uri(URI),
        password_file=PurePosixPath("/run/secrets/reader_password"),
        dashboards_path=PurePosixPath("/var/lib/grafana/dashboards"),
    )
    names = [str(file.relative_to(tmp_path)) for file in files]
    assert names[:2] == ["provisioning/datasources/quantrac.yaml", "provisioning/dashboards/quantrac.yaml"]
    assert names[2:] == [f"dashboards/{d.uid}.json" for d in dashboards()]
    assert all("s@cret" not in file.read_text("utf-8") for file in files)
    source = json.loads(files[0].read_text("utf-8"))["datasources"][0]
    assert source["secureJsonData"] == {"password": "$__file{/run/secrets/reader_password}"}
    assert source["url"] == "db.example:5433"
    assert source["jsonData"]["timescaledb"] is True
    assert source["jsonData"]["sslRootCertFile"] == "/run/ca.pem"
    provider = json.loads(files[1].read_text("utf-8"))["providers"][0]
    assert provider["options"] == {"path": "/var/lib/grafana/dashboards"}
    assert json.loads(files[2].read_text("utf-8"))["uid"] == dashboards()[0].uid


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        write_files(
            tmp_path / "f",
            dashboards(),
            Datasource.of_uri(URI),
            password_file=PurePosixPath("/p"),
            dashboards_path=PurePosixPath("/d"),
        )
