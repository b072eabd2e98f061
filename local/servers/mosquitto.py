"""Local Mosquitto: TLS, one user for each station, and a durable profile that keeps what it acknowledged."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from local.servers.certificates import certificates
from local.servers.debian import DebianPrograms
from local.servers.files import locked, write_private
from local.servers.mqtt_probe import can_log_in
from local.servers.passwords import Passwords
from local.servers.process import POLL_S, LocalServer
from quantrac.endpoints import MqttEndpoint
from quantrac.errors import ServerError
from quantrac.topics import MQTT_ROOT

BRIDGE_USER = "bridge"
AREA = "mqtt"
MAX_PACKET_BYTES = 4 * 1024 * 1024
"""Size of one message with its head. A day of one station is below 1 MiB."""
RELOAD_TIMEOUT_S = 10.0
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

CONFIGURATION = """\
# Written at each start; changes are lost.
listener {port} 127.0.0.1
cafile {ca}
certfile {chain}
keyfile {key}
allow_anonymous false
password_file {passwords}
acl_file {acl}

# Mosquitto acknowledges before it writes. With these it writes after every round of its loop in which something
# changed, so kill -9 loses at most what it acknowledged in its very last round (by default: everything of the last half
# hour), at the price of throughput while a queue is long. A logger closes that gap by sending its last few messages
# again when it reconnects.
persistence true
persistence_location {data}/
autosave_on_changes true
autosave_interval 1

# 20 by default, which caps the bridge: it acknowledges only what Kafka has.
max_inflight_messages 2000
# 1000 by default, then messages are dropped silently. 0: no limit but memory and disk; nothing is dropped in an outage.
max_queued_messages 0
# A larger one closes the connection. (message_size_limit would acknowledge it and then drop it.)
max_packet_size {size}
# Sessions of subscribers never expire (persistent_client_expiration is unset): a bridge may be away for days.
set_tcp_nodelay true
log_dest stderr
log_timestamp_format %Y-%m-%dT%H:%M:%S
connection_messages false
{user}"""

ACL = f"""\
# A station writes below its own name only, and reads nothing.
pattern write {MQTT_ROOT}/%u/readings
pattern write {MQTT_ROOT}/%u/status

user {BRIDGE_USER}
topic read {MQTT_ROOT}/#
"""


class Mosquitto(LocalServer):
    """The MQTT broker of a run folder."""

    name = "mosquitto"

    def __init__(self, run_dir: Path, programs: DebianPrograms, *, detached: bool = False) -> None:
        super().__init__(run_dir, detached=detached)
        self._programs = programs
        self._passwords = Passwords(run_dir)

    def endpoint(self, user: str = BRIDGE_USER) -> MqttEndpoint:
        """Return how ``user`` reaches the broker: `BRIDGE_USER`, or the code of a station that was added."""
        password = self._passwords.users(AREA).get(user)
        if password is None:
            raise ServerError(f"The local Mosquitto has no user {user!r}: add the station first.")
        ca = certificates(self.run_dir).ca
        return MqttEndpoint(self.host, self.port, user=user, password=password, ca_file=ca, tls=True)

    def add_stations(self, codes: Iterable[str]) -> None:
        """Give every station its user and password; a running broker knows them when this returns.

        Raises
        ------
        ServerError
            A code is not fit for a user's name, or the broker does not take up the new users.
        """
        wanted = tuple(dict.fromkeys(codes))
        for code in wanted:
            if code == BRIDGE_USER or _CODE.fullmatch(code) is None:
                raise ServerError(
                    f"{code!r} cannot be a station's user at the broker: use letters, digits, '_', '-' and '.'."
                )
        self._passwords.ensure(AREA, wanted)
        added = self._write_hashes()
        if added and self.pid is not None:
            self._reload(added[-1])

    def is_healthy(self) -> bool:
        """Whether the bridge's user can log in over TLS."""
        return can_log_in(self.endpoint())

    @property
    def _hashes(self) -> Path:
        return self.folder / "passwords"

    def _prepare(self) -> None:
        self._passwords.ensure(AREA, (BRIDGE_USER,))
        self._write_hashes()
        tls = certificates(self.run_dir)
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        acl = self.folder / "acl"
        write_private(acl, ACL)
        text = CONFIGURATION.format(
            port=self.port,
            ca=tls.ca,
            chain=tls.chain,
            key=tls.key,
            passwords=self._hashes,
            acl=acl,
            data=data,
            size=MAX_PACKET_BYTES,
            # Started by root it would drop to a user who cannot read these files.
            user="user root\n" if os.geteuid() == 0 else "",
        )
        write_private(self.folder / "mosquitto.conf", text)

    def _command(self) -> Sequence[str | Path]:
        return (self._programs.mosquitto, "-c", self.folder / "mosquitto.conf")

    def _write_hashes(self) -> list[str]:
        """Bring the broker's password file up to date, all new users hashed in one call; return the new users."""
        with locked(self.run_dir / ".mosquitto-passwords.lock"):
            text = self._hashes.read_text(encoding="utf-8") if self._hashes.exists() else ""
            known = {line.split(":", 1)[0] for line in text.splitlines()}
            new = {user: password for user, password in self._passwords.users(AREA).items() if user not in known}
            if new:
                write_private(self._hashes, text + self._hashed(new))
        return list(new)

    def _hashed(self, passwords: dict[str, str]) -> str:
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch = self.folder / "passwords.new"
        write_private(scratch, "".join(f"{user}:{password}\n" for user, password in passwords.items()))
        command = [str(self._programs.mosquitto_passwd), "-U", str(scratch)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        hashed = scratch.read_text(encoding="utf-8")
        scratch.unlink()
        if result.returncode != 0:
            raise ServerError(f"mosquitto_passwd could not hash the stations' passwords: {result.stderr.strip()}.")
        return hashed

    def _reload(self, newest: str) -> None:
        process = self._process()
        if process is None:
            return
        process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + RELOAD_TIMEOUT_S
        while not can_log_in(self.endpoint(newest)):
            if time.monotonic() > deadline:
                raise ServerError(f"The local Mosquitto did not take up the user {newest!r}. See {self.log_path}.")
            time.sleep(POLL_S)
