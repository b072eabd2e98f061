"""Real SFTP and FTP servers of another authority: killed in mid-file, nothing half lies under a final name."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import os
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import asyncssh
import pytest

from ingest.forwarder import targets
from ingest.forwarder.targets import Target, TargetOptions, target_of
from local.servers.fileservers import FileServer, FtpServer, SftpServer
from quantrac.domain.forwarding import Proof
from quantrac.errors import BrokerError, TargetAwayError

with warnings.catch_warnings():  # pyftpdlib stands on what Python 3.12 has no more, and brings its own there
    warnings.simplefilter("ignore", DeprecationWarning)
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.filesystems import AbstractedFS
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import ThreadedFTPServer

PASSWORD = "secret"
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


class Ministry(asyncssh.SSHServer):
    """A real SFTP server of somebody else, in whose way one can put what happens to such servers."""

    def __init__(self, root: Path) -> None:
        self.root, self.password, self.is_full, self.bytes_per_s, self.renames_over = root, PASSWORD, False, 0.0, True
        self.takes_away = self.loses = False
        self.forbids: tuple[str, ...] = ()
        self.connections: list[asyncssh.SSHServerConnection] = []
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server = asyncio.run_coroutine_threadsafe(self.listen(), self.loop).result(10)
        self.port = self.server.get_port()

    async def listen(self) -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[self.key], server_factory=lambda: self, sftp_factory=self.files
        )

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return password == self.password

    def files(self, chan: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
        return MinistryFiles(chan, self)

    def hang_up(self) -> None:
        """End all connections, as servers do with those that are idle."""
        for connection in self.connections:
            self.loop.call_soon_threadsafe(connection.abort)
        time.sleep(0.3)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.server.close)
        self.hang_up()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


class MinistryFiles(asyncssh.SFTPServer):
    """As OpenSSH with ``internal-sftp -P``, where requests are forbidden."""

    def __init__(self, chan: asyncssh.SSHServerChannel[bytes], ministry: Ministry) -> None:
        super().__init__(chan, chroot=os.fsencode(ministry.root))
        self.ministry = ministry

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        if self.ministry.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self.ministry.bytes_per_s:
            await asyncio.sleep(len(data) / self.ministry.bytes_per_s)
        return super().write(file_obj, offset, data)  # type: ignore[return-value]

    def _allow(self, request: str) -> None:
        if request in self.ministry.forbids:
            raise asyncssh.SFTPPermissionDenied("Permission denied")

    def stat(self, path: bytes) -> os.stat_result:
        self._allow("stat")
        return super().stat(path)  # type: ignore[return-value]

    def lstat(self, path: bytes) -> os.stat_result:
        self._allow("stat")
        return super().lstat(path)  # type: ignore[return-value]

    def fstat(self, file_obj: object) -> os.stat_result:
        self._allow("stat")
        return super().fstat(file_obj)  # type: ignore[return-value]

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        if pflags & asyncssh.FXF_READ:
            self._allow("read")
        return super().open(path, pflags, attrs)

    def close(self, file_obj: io.BufferedRandom) -> None:
        super().close(file_obj)
        if self.ministry.loses and file_obj.name.endswith(b".part"):
            os.truncate(file_obj.name, os.path.getsize(file_obj.name) // 2)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        if not self.ministry.renames_over:
            raise asyncssh.SFTPOpUnsupported("unknown extension")
        super().posix_rename(oldpath, newpath)
        if self.ministry.takes_away:
            os.remove(self.map_path(newpath))


@pytest.fixture
def ministry(tmp_path: Path) -> Iterator[Ministry]:
    (tmp_path / "root").mkdir()
    found = Ministry(tmp_path / "root")
    yield found
    found.stop()


@pytest.fixture
def to(ministry: Ministry, tmp_path: Path) -> Iterator[Callable[..., Target]]:
    hosts = tmp_path / "known_hosts"
    hosts.write_text(f"[127.0.0.1]:{ministry.port} {ministry.key.export_public_key().decode().strip()}\n")
    with contextlib.ExitStack() as stack:

        def target(key_file: Path | None = None, known_hosts: Path = hosts) -> Target:
            place = f"sftp://quantrac@127.0.0.1:{ministry.port}/in"
            made = target_of(TargetOptions(place, PASSWORD, key_file, known_hosts))
            stack.callback(made.close)
            return made

        yield target


def test_a_login_or_a_key_that_is_refused_is_told_with_what_to_do(
    ministry: Ministry, to: Callable[..., Target], tmp_path: Path
) -> None:
    ministry.password = "another"
    with pytest.raises(TargetAwayError, match=r"Permission denied .* Correct QUANTRAC_FORWARD_PASSWORD"):
        to().put("a.txt", b"x")
    ministry.password = PASSWORD
    (tmp_path / "odd").write_text("nonsense")
    with pytest.raises(TargetAwayError, match="QUANTRAC_FORWARD_KEY_FILE must be a private key"):
        to(key_file=tmp_path / "odd").put("a.txt", b"x")
    with pytest.raises(TargetAwayError, match="Invalid known hosts"):
        to(known_hosts=tmp_path / "odd").put("a.txt", b"x")
    with pytest.raises(TargetAwayError, match=r"No such file.*QUANTRAC_FORWARD_KNOWN_HOSTS"):
        to(known_hosts=tmp_path / "none").put("a.txt", b"x")
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    (tmp_path / "changed").write_text(f"[127.0.0.1]:{ministry.port} {other}")
    with pytest.raises(TargetAwayError, match="Ask its owner whether its key was changed"):
        to(known_hosts=tmp_path / "changed").put("a.txt", b"x")
    assert list(ministry.root.iterdir()) == []


def test_a_server_that_is_full_slow_or_knows_no_renaming_over(
    ministry: Ministry, to: Callable[..., Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    target, content = to(), os.urandom(400_000)
    ministry.is_full = True
    with pytest.raises(BrokerError, match="No space left"):
        target.put("a.txt", content)
    assert not (ministry.root / "in" / "a.txt").exists()
    ministry.is_full, ministry.renames_over = False, False
    target.put("a.txt", b"first")
    monkeypatch.setattr(targets, "_TIMEOUT_S", 2.0)  # of each answer: the file takes twice as long
    ministry.bytes_per_s = 100_000.0
    target.put("a.txt", content)
    assert (ministry.root / "in" / "a.txt").read_bytes() == content
    assert [p.name for p in (ministry.root / "in").iterdir()] == ["a.txt"]


def test_a_server_that_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "_TIMEOUT_S", 0.5)
    (tmp_path / "known_hosts").write_text("")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"sftp://quantrac@127.0.0.1:{silent.getsockname()[1]}/in"
        target = target_of(TargetOptions(place, PASSWORD, None, tmp_path / "known_hosts"))
        with pytest.raises(TargetAwayError, match=r"TimeoutError\. It did not answer"):
            target.put("a.txt", b"x")
        target.close()


def test_a_connection_that_the_server_ended_while_idle_costs_no_try(
    ministry: Ministry, to: Callable[..., Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "IDLE_S", 0.1)
    target = to()
    for name in ("a", "b"):
        target.put(name, name.encode())
        ministry.hang_up()
    assert {p.name: p.read_bytes() for p in (ministry.root / "in").iterdir()} == {"a": b"a", "b": b"b"}


def test_a_file_that_the_other_side_takes_away_at_once_has_arrived(
    ministry: Ministry, to: Callable[..., Target], tmp_path: Path
) -> None:
    ministry.takes_away = True
    assert to().put("a.txt", b"x") is Proof.SIZE
    assert list((ministry.root / "in").iterdir()) == []


@pytest.mark.parametrize("renames_over", [True, False])
@pytest.mark.parametrize(
    ("forbids", "proof"),
    [((), Proof.SIZE), (("read",), Proof.SIZE), (("stat",), Proof.CONTENT), (("stat", "read"), Proof.REPLY)],
)
def test_how_the_arrival_is_confirmed_at_an_sftp_server(
    forbids: tuple[str, ...], proof: Proof, renames_over: bool, ministry: Ministry, to: Callable[..., Target]
) -> None:
    ministry.forbids, ministry.renames_over = forbids, renames_over
    target = to()
    for content in (b"first\r\n" * 20_000, b"second", b""):
        assert target.put("DT_A/2026/11/a.txt", content) is proof
        assert [p.read_bytes() for p in ministry.root.rglob("*.txt*")] == [content]
        assert [p.name for p in ministry.root.rglob("*.*")] == ["a.txt"]


@pytest.mark.parametrize("forbids", [(), ("stat",)])
def test_what_an_sftp_server_lost_never_gets_its_final_name(
    forbids: tuple[str, ...], ministry: Ministry, to: Callable[..., Target]
) -> None:
    ministry.forbids, ministry.loses = forbids, True
    with pytest.raises(BrokerError, match=r"did not take DT_A/a.txt: .* (arrived|what was sent)"):
        to().put("DT_A/a.txt", b"0123456789")
    assert [p.name for p in (ministry.root / "in" / "DT_A").iterdir()] == [".a.txt.part"]


class OldFtp(FTPHandler):  # type: ignore[misc]
    """A real FTP server of somebody else, as old or as shut as one may be."""

    proto_cmds: ClassVar = {name: how for name, how in FTPHandler.proto_cmds.items() if name != "SIZE"}


class TakenAway(AbstractedFS):  # type: ignore[misc]
    """The owner's software takes each file as soon as it has its name."""

    def rename(self, src: str, dst: str) -> None:
        super().rename(src, dst)
        os.remove(dst)


class TakingFtp(FTPHandler):  # type: ignore[misc]
    abstracted_fs = TakenAway


class LosingFtp(OldFtp):
    """Says that it has all of a file, and has half."""

    def on_file_received(self, file: str) -> None:
        os.truncate(file, os.path.getsize(file) // 2)


class LosingFtpWithSize(LosingFtp):
    proto_cmds = FTPHandler.proto_cmds


@contextlib.contextmanager
def ftp_target(handler: type[FTPHandler], root: Path, permissions: str) -> Iterator[Target]:
    accounts = DummyAuthorizer()
    accounts.add_user("quantrac", PASSWORD, str(root), perm=permissions)
    server = ThreadedFTPServer(("127.0.0.1", 0), type("Handler", (handler,), {"authorizer": accounts}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    target = target_of(TargetOptions(f"ftp://quantrac@127.0.0.1:{server.address[1]}/in", PASSWORD))
    try:
        yield target
    finally:
        target.close()
        server.close_all()
        thread.join(10)


@pytest.mark.parametrize(
    ("handler", "permissions", "proof"),
    [
        (FTPHandler, "elradfmw", Proof.SIZE),
        (OldFtp, "elradfmw", Proof.CONTENT),
        (OldFtp, "eadfmw", Proof.REPLY),  # neither read nor list
        (TakingFtp, "elradfmw", Proof.SIZE),
    ],
)
def test_how_the_arrival_is_confirmed_at_an_ftp_server(
    handler: type[FTPHandler], permissions: str, proof: Proof, tmp_path: Path
) -> None:
    with ftp_target(handler, tmp_path, permissions) as target:
        for content in (b"first\r\n" * 5000, b"second", b""):
            assert target.put("DT_A/a.txt", content) is proof
            left = [p.read_bytes() for p in tmp_path.rglob("*.txt*")]
            assert left == ([] if handler is TakingFtp else [content])


@pytest.mark.parametrize("handler", [LosingFtp, LosingFtpWithSize])
def test_what_an_ftp_server_lost_never_gets_its_final_name(handler: type[FTPHandler], tmp_path: Path) -> None:
    with ftp_target(handler, tmp_path, "elradfmw") as target:
        with pytest.raises(BrokerError, match=r"did not take DT_A/a.txt: .* (arrived|what was sent)"):
            target.put("DT_A/a.txt", b"0123456789")
        assert [p.name for p in (tmp_path / "in" / "DT_A").iterdir()] == [".a.txt.part"]
