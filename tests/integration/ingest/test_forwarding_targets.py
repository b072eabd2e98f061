"""Real SFTP and FTP servers of another authority: killed in mid-file, nothing half lies under a final name."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import asyncssh
import pytest

from ingest.forwarder.targets import Target, TargetOptions, target_of
from local.servers.fileservers import FileServer, FtpServer, SftpServer
from quantrac.errors import BrokerError

SIZE = 96 * 1024 * 1024


def options_of(server: FileServer, tmp_path: Path) -> TargetOptions:
    account = server.account("ministry")
    hosts = None
    if isinstance(server, SftpServer):
        key = asyncio.run(asyncssh.get_server_host_key(server.host, server.port))
        assert key is not None
        hosts = tmp_path / "known_hosts"
        hosts.write_text(f"[{server.host}]:{server.port} {key.export_public_key().decode().strip()}\n")
    place = f"{server.name}://ministry@{server.host}:{server.port}/in"
    return TargetOptions(place, account.password, None, hosts)


@pytest.mark.parametrize("kind", [SftpServer, FtpServer])
def test_a_server_that_is_killed_in_mid_file_gets_it_whole_when_it_is_back(
    kind: Callable[[Path], FileServer], tmp_path: Path
) -> None:
    server = kind(tmp_path)
    server.start()
    target: Target | None = None
    try:
        target = target_of(options_of(server, tmp_path))
        target.put("DT_A/small.txt", b"first\r\n")
        arrived = server.drop_folder / "ministry" / "in" / "DT_A"
        assert (arrived / "small.txt").read_bytes() == b"first\r\n"

        content = os.urandom(1024) * (SIZE // 1024)
        outcome: list[BaseException | None] = []

        def put() -> None:
            try:
                target.put("DT_A/large.txt", content)
                outcome.append(None)
            except BrokerError as exc:
                outcome.append(exc)

        sending = threading.Thread(target=put)
        sending.start()
        partial = arrived / ".large.txt.part"
        deadline = time.monotonic() + 60
        while not partial.exists():
            assert time.monotonic() < deadline
            assert sending.is_alive() or outcome
        server.kill()
        sending.join(90)
        assert isinstance(outcome[0], BrokerError), "the file was sent before the server was killed: make it larger"
        assert outcome[0].retryable
        assert partial.stat().st_size < SIZE
        assert not (arrived / "large.txt").exists()

        with pytest.raises(BrokerError):
            target.put("DT_A/small.txt", b"away\r\n")
        server.start()
        target.put("DT_A/large.txt", content)
        target.put("DT_A/small.txt", b"second\r\n")
        assert (arrived / "large.txt").read_bytes() == content
        assert (arrived / "small.txt").read_bytes() == b"second\r\n"
        assert sorted(p.name for p in arrived.iterdir()) == ["large.txt", "small.txt"]
    finally:
        if target is not None:
            target.close()
        server.stop()
