"""Local Mosquitto: TLS, one user for each station, and a durable profile that keeps what it acknowledged."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from local.servers.certificates import certificates
from local.servers.debian import DebianPrograms
from local.servers.files import locked, read_json, write_private
from local.servers.mqtt_probe import can_log_in
from local.servers.passwords import Passwords
from local.servers.ports import addresses
from local.servers.process import POLL_S, LocalServer
from quantrac.endpoints import MqttEndpoint
from quantrac.errors import ServerError
from quantrac.topics import MQTT_ROOT

BRIDGE_USER = "bridge-1"
"""Of the first bridge. A bridge's user is its id: the broker makes the client id of it."""
PROBE_USER = "probe"
"""Asks whether the broker is well; may write under its own name, where nobody listens for a station."""
AREA = "mqtt"
MAX_PACKET_BYTES = 320 * 1024
"""Size of one message with its head: a payload a little above the contract's 256 KiB still becomes a dead letter, what
is larger ends its sender's connection."""
MAX_CONNECTIONS = 2000
MAX_QUEUED_BYTES = 1024**3
"""Of one bridge's session: weeks of a province (about 45 MB a day) in which no bridge runs."""
MEMORY_LIMIT_BYTES = 3 * 1024**3
"""Well above what a full queue needs: at this limit the broker could not even empty its queue."""
RELOAD_TIMEOUT_S = 10.0
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_OURS = re.compile(r"bridge(-.*)?|probe")
_BRIDGE = re.compile(r"bridge-[A-Za-z0-9_.-]{1,50}")
_LEAVE_OUT = (
    "^[^ ]+: ((Received|Sending) [A-Z]|No will message|Will message|Saving in-memory|\t"
    "|New connection |Client |New client connected from [^ ]+ as (?!bridge-))"
)
"""Lines of the broker's log about every packet and every connection but a bridge's; that of a denied message stays."""
_STARTED, _CONNECTED = (
    re.compile(r": mosquitto version \S+ starting"),
    re.compile(r"New client connected from \S+ as (\S+) "),
)

CONFIGURATION = """\
# Written at each start; changes are lost.
{listeners}
allow_anonymous false
password_file {passwords}
acl_file {acl}

# Mosquitto acknowledges before it writes, and each time it writes all that is queued. With these it writes every one to
# two seconds, so kill -9 loses at most what it acknowledged since then and no bridge has taken (by default: of the last
# half hour). A logger closes that gap by sending its last few messages again when it reconnects. To write on every
# change would halve the gap at the price of everything else: with 200 large messages of one station queued, each round
# of the broker's loop wrote 45 MB, and everybody waited for that.
persistence true
persistence_location {data}/
autosave_on_changes false
autosave_interval 1

# 20 by default, which caps the bridge: it acknowledges only what Kafka has.
max_inflight_messages 2000
# 1000 by default, then messages are dropped silently. 0: their bytes count, which is weeks of an outage.
max_queued_messages 0
max_queued_bytes {queued}
memory_limit {memory}
# A larger one closes the connection. (message_size_limit would acknowledge it and then drop it.)
max_packet_size {size}
# Sessions of subscribers never expire (persistent_client_expiration is unset): a bridge may be away for days.
set_tcp_nodelay true
log_dest stderr
log_timestamp_format %Y-%m-%dT%H:%M:%S
# Of a bridge's connection: whether a reload would harm its session.
connection_messages true
log_type error
log_type warning
log_type notice
log_type information
# Denied messages are told as debug; a filter leaves out what is told of every other packet.
log_type debug
{user}"""

LISTENER = """\
listener {port} {address}
cafile {ca}
certfile {chain}
keyfile {key}
# A session belongs to its user: nobody takes over another's by naming its client id.
use_username_as_clientid true
max_connections {connections}
"""

ACL = f"""\
# A station writes below its own name only, and reads nothing. A misspelt topic there is heard, and told.
pattern write {MQTT_ROOT}/%u/#
"""
BRIDGE_ACL = f"""
user {{user}}
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
        """Return how ``user`` reaches the broker: a bridge's id, or the code of a station that was added."""
        password = self._passwords.users(AREA).get(user)
        if password is None:
            raise ServerError(
                f"The local Mosquitto has no user {user!r}: `quantrac servers stations` adds the registered stations, "
                "`quantrac servers bridges ID` adds a bridge."
            )
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
            if _OURS.fullmatch(code) or _CODE.fullmatch(code) is None:
                raise ServerError(
                    f"{code!r} cannot be a station's user at the broker: use letters, digits, '_', '-' and '.'."
                )
        self._add(wanted)

    def add_bridges(self, ids: Iterable[str]) -> None:
        """Give bridges their users, named as they are; a running broker knows them when this returns.

        Raises
        ------
        ServerError
            An id does not begin with ``bridge-``, so that it could be a station's code.
        """
        wanted = tuple(dict.fromkeys(ids))
        for bridge in wanted:
            if _BRIDGE.fullmatch(bridge) is None:
                raise ServerError(f"{bridge!r} cannot be a bridge's id here: use 'bridge-' and letters or digits.")
        self._add(wanted)

    def rotate(self, user: str) -> str:
        """Give a user another password and return it; who is connected with the old one is disconnected.

        The broker is started again for a bridge's.

        Raises
        ------
        ServerError
            There is no such user.
        """
        self.endpoint(user)
        password = self._passwords.renew(AREA, (user,))[user]
        self._publish(renewed=user)
        return password

    def revoke(self, user: str) -> None:
        """Take a user's password away for good; who is connected with it is disconnected.

        Raises
        ------
        ServerError
            There is no such user.
        """
        self.endpoint(user)
        self._passwords.forget(AREA, (user,))
        self._publish()

    def is_healthy(self) -> bool:
        """Whether a user of its own can log in over TLS; the bridge's would end the bridge's session."""
        return can_log_in(self.endpoint(PROBE_USER))

    @property
    def _hashes(self) -> Path:
        return self.folder / "passwords"

    @property
    def _hashed_of(self) -> Path:
        return self.folder / "passwords.known"

    @property
    def _acl(self) -> Path:
        return self.folder / "acl"

    @property
    def _restored(self) -> Path:
        """The bridges of which the broker had a session at its start."""
        return self.folder / "restored"

    def _prepare(self) -> None:
        self._passwords.forget(AREA, ("bridge",))  # the bridge's name when its session was not yet bound to it
        self._passwords.ensure(AREA, (BRIDGE_USER, PROBE_USER))
        self._write_users()
        tls = certificates(self.run_dir)
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        self._note_restored(data / "mosquitto.db")
        text = CONFIGURATION.format(
            listeners="".join(
                LISTENER.format(
                    port=self.port,
                    address=address,
                    ca=tls.ca,
                    chain=tls.chain,
                    key=tls.key,
                    connections=MAX_CONNECTIONS,
                )
                for address in addresses()
            ),
            passwords=self._hashes,
            acl=self._acl,
            data=data,
            size=MAX_PACKET_BYTES,
            queued=MAX_QUEUED_BYTES,
            memory=MEMORY_LIMIT_BYTES,
            # Started by root it would drop to a user who cannot read these files.
            user="user root\n" if os.geteuid() == 0 else "",
        )
        write_private(self.folder / "mosquitto.conf", text)

    def _command(self) -> Sequence[str | Path]:
        # bash becomes the broker; the filter of its log ends when the broker closes its end.
        script = 'exec "$1" -c "$2" 2> >(exec grep --line-buffered -vP "$3")'
        return ("bash", "-c", script, "bash", self._programs.mosquitto, self.folder / "mosquitto.conf", _LEAVE_OUT)

    def _add(self, users: tuple[str, ...]) -> None:
        known = self._passwords.users(AREA).keys()
        if any(user not in known for user in users):
            self._passwords.ensure(AREA, users)
            self._publish()

    def _publish(self, renewed: str = "") -> None:
        """Bring the broker's files up to date, and a running broker to read them.

        A reload takes the right to read from every session whose user cannot be asked for its password: one that was
        restored from the store and has not connected since, or whose password is another now. What stations send until
        that bridge is back would be acknowledged and dropped (seen with Mosquitto 2.0.21). A restart gives each session
        the right of its user.
        """
        if self.pid is None:
            self._write_users()
            return
        # The probe's new password comes with all the others: when it is taken, so are they.
        self._passwords.renew(AREA, (PROBE_USER,))
        self._write_users()
        if _BRIDGE.fullmatch(renewed) or self._has_restored_sessions():
            self.stop()
            self.start()
        else:
            self._reload()

    def _has_restored_sessions(self) -> bool:
        """Whether the broker has a session of a bridge that has not connected since the broker's start."""
        restored = read_json(self._restored).get("bridges", [])
        if not restored:
            return False
        lines = self.log_path.read_text("utf-8", errors="replace").splitlines()
        last = max((number for number, line in enumerate(lines) if _STARTED.search(line)), default=0)
        connected = {match[1] for line in lines[last:] if (match := _CONNECTED.search(line))}
        return bool(self._passwords.users(AREA).keys() & set(restored) - connected)

    def _note_restored(self, store: Path) -> None:
        """Write down the bridges of which the broker's store has a session: a session is kept under its client's id."""
        bridges = []
        if store.exists() and store.stat().st_size:
            # Mapped, not read: a full queue is a gigabyte.
            with store.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as kept:
                users = filter(_BRIDGE.fullmatch, self._passwords.users(AREA))
                bridges = [user for user in users if kept.find(user.encode()) >= 0]
        write_private(self._restored, json.dumps({"bridges": bridges}))

    def _write_users(self) -> None:
        """Write who may log in and who may read; a password that is known keeps its hash."""
        with locked(self.run_dir / ".mosquitto-passwords.lock"):
            users = self._passwords.users(AREA)
            kept = {user: line for user, line in self._kept().items() if user in users}
            new = {user: password for user, password in users.items() if user not in kept}
            write_private(self._hashes, "".join(kept.values()) + self._hashed(new))
            write_private(self._hashed_of, json.dumps(self._digests(users)))
            bridges = sorted(user for user in users if _BRIDGE.fullmatch(user))
            write_private(self._acl, ACL + "".join(BRIDGE_ACL.format(user=user) for user in bridges))

    def _kept(self) -> dict[str, str]:
        """Return the hash lines by user that are of the passwords of today."""
        if not self._hashes.exists():
            return {}
        before, now = read_json(self._hashed_of), self._digests(self._passwords.users(AREA))
        lines = {line.split(":", 1)[0]: line for line in self._hashes.read_text("utf-8").splitlines(keepends=True)}
        return {user: line for user, line in lines.items() if user in now and before.get(user) == now[user]}

    @staticmethod
    def _digests(passwords: dict[str, str]) -> dict[str, str]:
        """Return what tells one generated password (random, 24 bytes) from another, in the file beside the hashes."""
        return {user: hashlib.sha256(password.encode()).hexdigest()[:16] for user, password in passwords.items()}

    def _hashed(self, passwords: dict[str, str]) -> str:
        if not passwords:
            return ""
        scratch = self.folder / "passwords.new"
        write_private(scratch, "".join(f"{user}:{password}\n" for user, password in passwords.items()))
        command = [str(self._programs.mosquitto_passwd), "-U", str(scratch)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        hashed = scratch.read_text(encoding="utf-8")
        scratch.unlink()
        if result.returncode != 0:
            raise ServerError(f"mosquitto_passwd could not hash the stations' passwords: {result.stderr.strip()}.")
        return hashed

    def _reload(self) -> None:
        process = self._process()
        if process is None:
            return
        process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + RELOAD_TIMEOUT_S
        while not can_log_in(self.endpoint(PROBE_USER)):
            if time.monotonic() > deadline:
                raise ServerError(f"The local Mosquitto did not take up its new users. See {self.log_path}.")
            time.sleep(POLL_S)
