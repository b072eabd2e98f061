"""Local PostgreSQL with TimescaleDB: loopback and TLS only, one role for each process, cheap clones for tests."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from signal import SIGINT

import psutil

from local.servers.accounts import Account, database_account, database_folder
from local.servers.certificates import certificates
from local.servers.debian import DebianPrograms
from local.servers.files import write_private
from local.servers.passwords import Passwords
from local.servers.ports import HOST, addresses, is_listening
from local.servers.process import POLL_S, LocalServer
from local.servers.psql import Psql, literal, name_of_database
from quantrac.endpoints import DATABASE_ROLES, DatabaseEndpoint
from quantrac.errors import ServerError

AREA = "postgres"
SUPERUSER = "postgres"
ROLES = tuple(f"quantrac_{role}" for role in DATABASE_ROLES)
OWNER, WRITER = ROLES[:2]
DATABASE = "quantrac"
KILLED_S = 10.0
"""How long a killed server's children are waited for."""

CONFIGURATION = """\
# Written at each start; changes are lost.
listen_addresses = '{addresses}'
port = {port}
unix_socket_directories = ''
ssl = on
ssl_cert_file = 'server.pem'
ssl_key_file = 'server.key'
password_encryption = 'scram-sha-256'
max_connections = 200

shared_preload_libraries = 'timescaledb'
timescaledb.telemetry_level = off
# The edition of these packages has no background jobs; without workers a database can be cloned at any time.
timescaledb.max_background_workers = 0

# A small machine that also runs Kafka and the workers.
shared_buffers = '128MB'
effective_cache_size = '1GB'
work_mem = '16MB'
maintenance_work_mem = '128MB'
max_wal_size = '2GB'
checkpoint_timeout = '15min'
# A commit that the stream acknowledges has to be on disk.
synchronous_commit = on
# The compiler that this would use is not unpacked.
jit = off

timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = warning
log_checkpoints = off
"""

ACCESS = f"""\
# Loopback alone, and the users by name.
# TYPE  DATABASE  USER  ADDRESS  METHOD
hostssl all  {",".join((SUPERUSER, *ROLES))}  127.0.0.1/32  scram-sha-256
hostssl all  {",".join((SUPERUSER, *ROLES))}  ::1/128       scram-sha-256
"""


class Postgres(LocalServer):
    """The database server of a run folder."""

    name = "postgres"
    # SIGTERM would wait for clients to leave; SIGINT rolls them back and stops in order.
    stop_signal = SIGINT

    def __init__(self, run_dir: Path, programs: DebianPrograms, *, detached: bool = False) -> None:
        super().__init__(run_dir, detached=detached)
        self.folder = database_folder(run_dir)
        self._programs = programs
        self._passwords = Passwords(run_dir)

    def endpoint(self, database: str = DATABASE) -> DatabaseEndpoint:
        """Return how each role reaches ``database``; clients check the server's certificate and name."""
        return DatabaseEndpoint(*(self.uri(role, database) for role in ROLES))

    def uri(self, role: str, database: str = DATABASE) -> str:
        """Return the connection URI of one role."""
        password = self._passwords.get(AREA, role)
        ca = certificates(self.run_dir).ca
        return f"postgresql://{role}:{password}@{HOST}:{self.port}/{database}?sslmode=verify-full&sslrootcert={ca}"

    def is_healthy(self) -> bool:
        """Whether the superuser can log in and ask something."""
        return is_listening(self.port) and self._psql().answers()

    def create_database(self, name: str, template: str | None = None) -> DatabaseEndpoint:
        """Create a database, as a copy of ``template`` or empty with TimescaleDB, owned by the owner role.

        A template may not be in use: its connections are closed, and it takes no new ones from now on.
        """
        safe = name_of_database(name)
        grants = (
            f"REVOKE ALL ON DATABASE {safe} FROM PUBLIC;"
            f"GRANT CONNECT ON DATABASE {safe} TO {', '.join(ROLES)};"
            f"GRANT TEMPORARY ON DATABASE {safe} TO {WRITER};"
        )
        if template is None:
            self._psql().run(f"CREATE DATABASE {safe} OWNER {OWNER};{grants}")
            self._psql(safe).run("CREATE EXTENSION IF NOT EXISTS timescaledb;" + administration())
        else:
            source = name_of_database(template)
            close = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
            self._psql().run(
                f"ALTER DATABASE {source} WITH ALLOW_CONNECTIONS false;"
                f"{close} {literal(source)};"
                f"CREATE DATABASE {safe} TEMPLATE {source} OWNER {OWNER};{grants}"
            )
        return self.endpoint(safe)

    def drop_database(self, name: str) -> None:
        """Drop a database with all that is in it, also while it is in use; no error when there is none."""
        self._psql().run(f"DROP DATABASE IF EXISTS {name_of_database(name)} WITH (FORCE);")

    def _account(self) -> Account | None:
        return database_account()

    def _prepare(self) -> None:
        if not Path("/usr/share/zoneinfo").is_dir():
            raise ServerError("PostgreSQL needs the time zones in /usr/share/zoneinfo: install the package tzdata.")
        self._own(self.folder)
        data = self.folder / "data"
        if not (data / "PG_VERSION").exists():
            self._initialise(data)
        tls = certificates(self.run_dir)
        self._write(data / "server.pem", tls.chain.read_text(encoding="utf-8"))
        self._write(data / "server.key", tls.key.read_text(encoding="utf-8"))
        self._write(data / "postgresql.conf", CONFIGURATION.format(port=self.port, addresses=", ".join(addresses())))
        self._write(data / "pg_hba.conf", ACCESS)
        _wait_for_the_killed(data)

    def _complete(self) -> None:
        if self.started_here:
            self._create_roles()
            if not self._psql().value(f"SELECT 1 FROM pg_database WHERE datname = {literal(DATABASE)}"):  # noqa: S608
                self.create_database(DATABASE)
            else:
                self._psql(DATABASE).run(administration())

    def _command(self) -> Sequence[str | Path]:
        return (self._programs.postgres("postgres"), "-D", self.folder / "data")

    def _initialise(self, data: Path) -> None:
        password = self.folder / "superuser"
        self._write(password, self._passwords.get(AREA, SUPERUSER) + "\n")
        options = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin")
        command = [str(self._programs.postgres("initdb")), "-D", str(data), "-U", SUPERUSER, f"--pwfile={password}"]
        account = self._account()
        result = subprocess.run(
            [*command, *options, "--builtin-locale=C.UTF-8", "--no-instructions"],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            cwd=self.folder,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        password.unlink()
        if result.returncode != 0:
            said = result.stderr.strip().splitlines() or ["it said nothing"]
            raise ServerError(f"PostgreSQL could not create its data folder {data}: {said[-1].rstrip('.')}.")

    def _create_roles(self) -> None:
        passwords = self._passwords.ensure(AREA, ROLES)
        for role, password in passwords.items():
            exists = self._psql().value(f"SELECT 1 FROM pg_roles WHERE rolname = {literal(role)}")  # noqa: S608
            verb = "ALTER" if exists else "CREATE"
            self._psql().run(f"{verb} ROLE {role} LOGIN PASSWORD {literal(password)};")

    def _psql(self, database: str = "postgres") -> Psql:
        return Psql(self._programs.postgres("psql"), self.uri(SUPERUSER, database))

    def _own(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        account = self._account()
        if account is not None:
            os.chown(folder, account.uid, account.gid)
            os.chmod(folder, 0o700)

    def _write(self, path: Path, text: str) -> None:
        write_private(path, text)
        account = self._account()
        if account is not None:
            os.chown(path, account.uid, account.gid)


def administration() -> str:
    """Return the SQL that only a superuser can run in quantrac's database; it may be run again."""
    return files("sql").joinpath("administration.sql").read_text(encoding="utf-8")


def _wait_for_the_killed(data: Path) -> None:
    """Wait until the server that the lock file names is gone, with all that it left: a killed one ends by and by.

    Its children go on for a moment without it, and PostgreSQL refuses to start beside them.
    """
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return
    deadline = time.monotonic() + KILLED_S
    while time.monotonic() < deadline and (psutil.pid_exists(pid) or _uses(data)):
        time.sleep(POLL_S)


def _uses(data: Path) -> bool:
    """Return whether a server's process still works in a data folder."""
    for process in psutil.process_iter(["name"]):
        if process.info["name"] == "postgres":
            with suppress(psutil.Error):
                if Path(process.cwd()) == data:
                    return True
    return False
