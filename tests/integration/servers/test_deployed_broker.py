"""The scripts of ``deploy/mosquitto`` themselves, with the broker that they start: what users lose, and who."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.servers import LocalServers
from local.servers.accounts import program_folder
from local.servers.certificates import certificates
from local.servers.debian import programs_in
from local.servers.mqtt_probe import can_log_in
from quantrac.endpoints import MqttEndpoint
from tests.integration.servers.test_broker_users import client, subscribe, wait_until

DEPLOY = Path(__file__).parents[3] / "deploy"
BRIDGE, PROBE = "bridge-1", "probe"


class Container:
    """What the broker's container is for its scripts: their folders, their programs, and a start after each end."""

    def __init__(self, root: Path, servers: LocalServers, cache_dir: Path) -> None:
        self._root, self._tls = root, certificates(servers.run_dir)
        self._run, self._secrets = root / "run/mosquitto", root / "run/secrets"
        self._etc, self._data = root / "etc/quantrac", root / "mosquitto/data"
        for folder in (self._run, self._secrets, self._etc, self._data, root / "bin"):
            folder.mkdir(parents=True)
        programs = programs_in(program_folder(cache_dir.resolve()))
        for program in (programs.mosquitto, programs.mosquitto_passwd):
            (root / "bin" / program.name).symlink_to(program)
        for name, file in (("ca", self._tls.ca), ("mosquitto_cert", self._tls.chain), ("mosquitto_key", self._tls.key)):
            shutil.copy(file, self._secrets / f"{name}.pem")
        for name in ("start.sh", "users.sh", "acl"):
            shutil.copy(DEPLOY / "mosquitto" / name, self._etc / name)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = int(free.getsockname()[1])
        self._configure()
        self._users = self._secrets / "mqtt_users"
        self._users.write_text("".join(f"{user}:{secrets.token_hex(8)}\n" for user in (BRIDGE, PROBE)), "utf-8")
        self._environment = os.environ | {"BROKER_ROOT": str(root), "PATH": f"{root / 'bin'}:{os.environ['PATH']}"}
        self._log = root / "log"
        self._broker: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The broker's process, which is the container's first."""
        assert self._broker is not None
        return self._broker.pid

    def start(self) -> None:
        """Start the container: its memory disk is empty, its volume is not."""
        shutil.rmtree(self._run)
        self._run.mkdir(mode=0o700)
        with self._log.open("ab") as log:
            self._broker = subprocess.Popen(
                ["sh", str(self._etc / "start.sh")], env=self._environment, stderr=log, start_new_session=True
            )
        wait_until(lambda: can_log_in(self.endpoint(PROBE)))

    def kill(self) -> None:
        """End the broker as a loss of power does."""
        assert self._broker is not None
        os.killpg(self._broker.pid, signal.SIGKILL)
        self._broker.wait()

    def add_station(self, *words: str) -> None:
        """Do what the operator does, down to the start of a broker that has ended."""
        environment = self._environment | {"SECRETS_DIR": str(self._secrets)}
        for command in ([str(DEPLOY / "add-station.sh"), *words], ["sh", str(self._etc / "users.sh")]):
            subprocess.run(command, env=environment, check=True, capture_output=True)
        self.settle()

    def change_password(self, user: str) -> None:
        """Give a user another password, and let the broker know."""
        lines = [x for x in self._users.read_text("utf-8").splitlines() if not x.startswith(f"{user}:")]
        self._users.write_text("\n".join([*lines, f"{user}:{secrets.token_hex(8)}", ""]), "utf-8")
        subprocess.run(["sh", str(self._etc / "users.sh")], env=self._environment, check=True, capture_output=True)
        self.settle()

    def settle(self) -> None:
        """Wait until the broker has read its users, or has ended for them and runs again."""
        assert self._broker is not None
        try:
            self._broker.wait(1.0)
        except subprocess.TimeoutExpired:
            return
        self.start()

    def kept(self) -> None:
        """Wait until the store has what the broker has by now."""
        store = self._data / "mosquitto.db"
        for _ in range(2):
            before = store.stat().st_mtime_ns if store.exists() else 0
            wait_until(lambda before=before: store.exists() and store.stat().st_mtime_ns != before)  # type: ignore[misc]

    def endpoint(self, user: str) -> MqttEndpoint:
        """Return how a user reaches the broker."""
        passwords = dict(line.split(":") for line in self._users.read_text("utf-8").splitlines())
        return MqttEndpoint("127.0.0.1", self._port, user, passwords[user], self._tls.ca)

    def _configure(self) -> None:
        """Write the very configuration, with this container's folders and port."""
        text = (DEPLOY / "mosquitto/mosquitto.conf").read_text("utf-8")
        for folder in ("/run/secrets/", "/run/mosquitto/", "/mosquitto/data/"):
            text = text.replace(f" {folder}", f" {self._root}{folder}")
        text = text.replace("listener 8883", f"listener {self._port} 127.0.0.1")
        if os.geteuid() == 0:  # else it becomes a user who may not read these files
            text += "user root\n"
        (self._etc / "mosquitto.conf").write_text(text, "utf-8")


@pytest.fixture
def container(tmp_path: Path, local_servers: LocalServers, cache_dir: Path) -> Iterator[Container]:
    made = Container(tmp_path / "container", local_servers, cache_dir)
    made.start()
    yield made
    made.kill()


def send(container: Container, code: str, *texts: str) -> None:
    """Publish and wait for each PUBACK."""
    with client(container.endpoint(code), "logger") as station:
        for text in texts:
            station.client.publish(f"quantrac/v1/{code}/readings", text, qos=1).wait_for_publish(10)


def test_a_bridge_that_is_away_loses_nothing_when_users_are_changed(container: Container) -> None:
    """broker   |=====x====|==|========|====   killed; started again for a new station, and for the bridge's password
    bridge   |==................|===.......|==
    station            10 messages       one
    """
    subscribe(container.endpoint(BRIDGE), "quantrac/v1/+/#")
    container.kept()
    container.kill()
    container.start()
    before = container.pid
    container.add_station("DT_NEW_1")
    assert container.pid != before
    ten = [str(number) for number in range(10)]
    send(container, "DT_NEW_1", *ten)
    with client(container.endpoint(BRIDGE), "any") as bridge:
        wait_until(lambda: bridge.received == ten)
    before = container.pid
    container.change_password(BRIDGE)
    assert container.pid != before
    send(container, "DT_NEW_1", "after it")
    with client(container.endpoint(BRIDGE), "any") as bridge:
        wait_until(lambda: bridge.received == ["after it"])


def test_one_station_s_password_that_is_revoked_cuts_that_station_alone(container: Container) -> None:
    container.add_station("DT_GOOD", "DT_LOST")
    with ExitStack() as there:
        bridge, good, lost = (
            there.enter_context(client(container.endpoint(user), "x")) for user in (BRIDGE, "DT_GOOD", "DT_LOST")
        )
        bridge.client.subscribe("quantrac/v1/+/#", qos=1)
        wait_until(lambda: bool(bridge.subscribed))
        gone, pid = container.endpoint("DT_LOST"), container.pid
        container.add_station("--revoke", "DT_LOST")
        wait_until(lambda: bool(lost.lost))
        assert not can_log_in(gone)
        good.client.publish("quantrac/v1/DT_GOOD/readings", "58", qos=1).wait_for_publish(10)
        wait_until(lambda: bridge.received == ["58"])
        assert (container.pid, bridge.lost, good.lost) == (pid, [], [])
