"""Real SFTP and FTP servers before the drop folder: what loggers write arrives, what they may not do is refused."""

from __future__ import annotations

import asyncio
import ftplib
import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from ingest.payloads import InstantBounds
from ingest.payloads.tt10 import decode
from local.servers.fileservers import FtpServer, SftpServer
from quantrac.domain.loggers import LoggerSettings
from quantrac.domain.readings import Status
from quantrac.domain.stations import Sensor, Station, StationKind
from quantrac.errors import BrokerError
from simulators.filetargets import FolderTarget, FtpTarget, SftpTarget
from simulators.messages import Message, Sample
from simulators.stationfiles import LoggerStyle, files_of, station_file
from tests.integration.ingest.dropfolders import lines, stamp_of, wait_for

CODE = "TRAM-BD-001"
NOW = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[SftpServer]:
    server = SftpServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def ftp(tmp_path: Path) -> Iterator[FtpServer]:
    server = FtpServer(tmp_path)
    server.start()
    yield server
    server.stop()


def messages(count: int) -> list[Message]:
    found = []
    for k in range(count):
        at = datetime(2026, 11, 23, 3, 0, tzinfo=UTC) + timedelta(minutes=5 * k)
        found.append(Message(CODE, at, at, (Sample("COD", 58.25 + k, "mg/L"), Sample("pH", None, "", Status.FAULT))))
    return found


@pytest.mark.parametrize("style", LoggerStyle)
@pytest.mark.parametrize("protocol", ["sftp", "ftp", "folder"])
def test_each_loggers_files_arrive_and_say_what_was_measured(
    style: LoggerStyle, protocol: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if protocol == "folder":
        target: Any = FolderTarget(tmp_path / "stations")
    else:
        target = {"sftp": SftpTarget, "ftp": FtpTarget}[protocol](request.getfixturevalue(protocol).account)
    for file in files_of({CODE: style}, iter(messages(6))):
        target.put(file)
    target.close()
    paths = sorted((tmp_path / "stations" / CODE).rglob("*.txt"))
    assert len(paths) == (2 if style is LoggerStyle.PYTHON else 6)
    zeros = LoggerSettings(zero_is_missing=("pH",))
    sensors = (Sensor("COD", "mg/L"), Sensor("pH", ""))
    station = Station(CODE, NOW.date(), "", "", StationKind.EFFLUENT, "", 105.0, 10.0, sensors, logger=zeros)
    readings = []
    for path in paths:
        found = decode(path.read_bytes(), CODE, station, NOW, InstantBounds())
        assert found.rejected == ()
        readings += found.readings
    cod = {r.observed_at: r.value for r in readings if r.parameter == "COD"}
    assert cod == {m.observed_at: m.samples[0].value for m in messages(6)}
    assert {r.status for r in readings if r.parameter == "pH"} == {Status.FAULT}
    if style is not LoggerStyle.ESP32:  # that one writes 0.00 for nothing, and its status says so
        assert {r.value for r in readings if r.parameter == "pH"} == {None}


def test_an_ftp_account_writes_into_its_own_folder_and_no_more(ftp: FtpServer, tmp_path: Path) -> None:
    (tmp_path / "stations" / "other").mkdir(parents=True)
    account = ftp.account(CODE)
    with ftplib.FTP(timeout=10) as client:  # noqa: S321
        client.connect(account.host, account.port)
        with pytest.raises(ftplib.error_perm):
            client.login(CODE, "wrong")
    with ftplib.FTP(timeout=10) as client:  # noqa: S321
        client.connect(account.host, account.port)
        client.login(CODE, account.password)
        client.storbinary("STOR a_20261123100500.txt", io.BytesIO(lines()))
        for forbidden in ("RETR a_20261123100500.txt", "DELE a_20261123100500.txt", "CWD ../other"):
            with pytest.raises(ftplib.Error):
                client.voidcmd(forbidden)
        client.storbinary("STOR ../../../escaped.txt", io.BytesIO(b"x"))
    assert not list(tmp_path.rglob("../escaped.txt"))
    assert (tmp_path / "stations" / CODE / "escaped.txt").exists()


async def test_an_sftp_account_writes_into_its_own_folder_and_no_more(sftp: SftpServer, tmp_path: Path) -> None:
    account = sftp.account(CODE)
    login: dict[str, Any] = {
        "host": account.host,
        "port": account.port,
        "known_hosts": None,
        "config": None,
        "client_keys": None,
    }
    with pytest.raises(asyncssh.PermissionDenied):
        await asyncssh.connect(**login, username=CODE, password="wrong")
    async with (
        asyncssh.connect(**login, username=CODE, password=account.password) as connection,
        connection.start_sftp_client() as client,
    ):
        async with client.open("a.txt", "wb") as file:
            await file.write(b"x")
        for refused in (
            lambda: client.open("a.txt", "rb"),
            lambda: client.remove("a.txt"),
            lambda: client.symlink("/etc/passwd", "b.txt"),
            lambda: client.link("a.txt", "c.txt"),
        ):
            with pytest.raises(asyncssh.SFTPError):
                await refused()
        async with client.open("../../escaped.txt", "wb") as file:
            await file.write(b"x")
        assert set(await client.listdir("/")) >= {"a.txt", "escaped.txt"}
    assert (tmp_path / "stations" / CODE / "escaped.txt").exists()


async def test_an_upload_that_breaks_off_and_is_begun_anew(sftp: SftpServer, dropfolder: Any, raw: Any) -> None:
    #  upload    half, connection cut .... whole file again
    #  Kafka                                |file|
    account = sftp.account(CODE)
    process = dropfolder(folder=sftp.drop_folder)
    process.start()
    name = f"{CODE}_{stamp_of(0)}.txt"
    login: dict[str, Any] = {
        "host": account.host,
        "port": account.port,
        "known_hosts": None,
        "config": None,
        "client_keys": None,
    }
    connection = await asyncssh.connect(**login, username=CODE, password=account.password)
    client = await connection.start_sftp_client()
    file = await client.open(name, "wb")
    await file.write(lines()[:20])
    connection.abort()
    await asyncio.sleep(2)
    process.kill()
    process.start()
    await asyncio.sleep(2)
    assert await asyncio.to_thread(raw.records) == []
    async with (
        asyncssh.connect(**login, username=CODE, password=account.password) as connection,
        connection.start_sftp_client() as client,
        client.open(name, "wb") as file,
    ):
        await file.write(lines())
    (record,) = await asyncio.to_thread(wait_for, raw, 1, 30, 2)
    assert record.value == lines()


def test_a_server_that_is_killed_gets_the_file_later(ftp: FtpServer, dropfolder: Any, raw: Any) -> None:
    dropfolder(folder=ftp.drop_folder).start()
    target = FtpTarget(ftp.account)
    target.put(station_file(LoggerStyle.PI, messages(1)))
    ftp.stop()
    with pytest.raises(BrokerError) as refused:
        target.put(station_file(LoggerStyle.PI, messages(2)[1:]))
    assert refused.value.retryable
    ftp.start()
    deadline = time.monotonic() + 20
    while True:
        try:
            target.put(station_file(LoggerStyle.PI, messages(2)[1:]))
            break
        except BrokerError:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    target.close()
    assert {r.key for r in wait_for(raw, 2)} == {CODE.encode()}
