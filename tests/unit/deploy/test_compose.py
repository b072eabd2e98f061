"""The compose file: what each service may do, and that it says what the code says."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from quantrac.settings import load_settings
from quantrac.topics import MAX_MESSAGE_BYTES, MQTT_ROOT, kafka_topics

DEPLOY = Path(__file__).parents[3] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOT = {"kafka-setup", "setup", "dashboards"}
STATIONS_AND_OFFICERS = {"mosquitto", "grafana"}
each_service = pytest.mark.parametrize("name", SERVICES)


@each_service
def test_least_privilege(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert re.fullmatch(r"[1-9]\d*:\d+", service["user"]), "no service runs as root"


@each_service
def test_long_running_services_are_watched_and_restarted(name: str) -> None:
    service = SERVICES[name]
    if name in ONE_SHOT:
        assert service["restart"].startswith("on-failure:")
    else:
        assert service["restart"] == "unless-stopped"
        assert {"test", "interval", "timeout", "retries", "start_period"} <= service["healthcheck"].keys()


@each_service
def test_images_are_pinned(name: str) -> None:
    assert re.search(r":\d+\.\d+(\.\d+)?(-[\w.]+)?$", SERVICES[name]["image"])


@each_service
def test_only_loggers_and_officers_get_in(name: str) -> None:
    service = SERVICES[name]
    if name in STATIONS_AND_OFFICERS:
        assert len(service["ports"]) == 1
    else:
        assert "ports" not in service
    assert COMPOSE["networks"]["inner"] == {"internal": True}


@each_service
def test_no_password_stands_in_the_file(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        if re.search("PASSWORD|SECRET_KEY|TOKEN|URL", variable):
            assert str(value).startswith("/run/secrets/"), variable


def test_each_secret_goes_to_few() -> None:
    holders: dict[str, set[str]] = {}
    for name, service in SERVICES.items():
        for secret in service.get("secrets", ()):
            holders.setdefault(secret, set()).add(name)
    assert holders.keys() == COMPOSE["secrets"].keys()
    holders.pop("ca.pem")
    assert {s: h for s, h in holders.items() if len(h) > 1} == {"reader_password": {"database", "grafana"}}


def test_every_dependency_waits_for_what_it_needs() -> None:
    for name, service in SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if needed in ONE_SHOT else "service_healthy"
            assert how["condition"] == expected, (name, needed)


@each_service
def test_mounted_files_are_there(name: str) -> None:
    for mount in SERVICES[name].get("volumes", ()):
        source = mount.split(":")[0]
        if source.startswith("./"):
            assert (DEPLOY / source).exists(), mount
        elif not source.startswith("${"):
            assert source in COMPOSE["volumes"]


def test_kafkas_topics_are_those_of_the_code() -> None:
    script = (DEPLOY / "kafka" / "setup.sh").read_text("utf-8")
    made = {
        name: (partitions.strip('"'), retention)
        for name, partitions, retention in re.findall(r"^topic (\S+) (\S+) (\S+)$", script, re.MULTILINE)
    }
    topics = kafka_topics(8, 1, MAX_MESSAGE_BYTES)
    expected = {t.name: ("1" if t.partitions == 1 else "$partitions", dict(t.config)["retention.ms"]) for t in topics}
    assert made == expected
    assert f"max.message.bytes={MAX_MESSAGE_BYTES}" in script
    assert "KAFKA_PARTITIONS:-8" in script


def test_kafka_takes_the_largest_record() -> None:
    assert f"\nmessage.max.bytes={MAX_MESSAGE_BYTES}\n" in (DEPLOY / "kafka" / "server.properties").read_text("utf-8")


def test_the_broker_lets_a_station_write_under_its_own_name_only() -> None:
    lines = (DEPLOY / "mosquitto" / "acl").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules == [
        f"pattern write {MQTT_ROOT}/%u/readings",
        f"pattern write {MQTT_ROOT}/%u/status",
        "user bridge",
        f"topic read {MQTT_ROOT}/#",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "allow_anonymous false",
        "persistence true",
        "autosave_on_changes true",
        "autosave_interval 1",
        "max_queued_messages 0",
    ],
)
def test_the_broker_keeps_what_it_acknowledges(line: str) -> None:
    lines = (DEPLOY / "mosquitto" / "mosquitto.conf").read_text("utf-8").splitlines()
    assert line in lines
    assert [entry for entry in lines if entry.startswith("listener")] == ["listener 8883"]


def run(script: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(DEPLOY / script), *words],
        env={"SECRETS_DIR": str(folder), "PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("deploy") / "secrets"
    result = run("prepare.sh", folder, "monitor.example.vn", "mail.example.vn", "q@example.vn", "t@example.vn")
    assert result.returncode == 0, result.stderr
    return folder


class TestPrepare:
    """``prepare.sh`` and ``add-station.sh`` with the openssl of this machine."""

    def test_every_secret_of_the_compose_file_is_made(self, secrets: Path) -> None:
        for name in COMPOSE["secrets"]:
            assert (secrets / name).stat().st_size > 0, name
        assert secrets.stat().st_mode & 0o777 == 0o700
        assert (secrets / "ca.key").stat().st_mode & 0o777 == 0o600

    @pytest.mark.parametrize(
        "service", ["setup", "bridge", "dropfolder", "worker", "notifier", "trainer", "dashboards"]
    )
    def test_each_configuration_is_one_that_quantrac_takes(self, secrets: Path, service: str) -> None:
        settings = load_settings({"QUANTRAC_CONFIG_FILE": str(secrets / f"{service}.toml")})
        roles = {"owner": settings.database_owner_url, "writer": settings.database_writer_url}
        roles["reader"] = settings.database_reader_url
        expected = {"setup": {"owner"}, "worker": {"writer"}, "notifier": {"writer"}}
        expected |= {"trainer": {"reader"}, "dashboards": {"reader"}, "dropfolder": {"reader"}}
        assert {role for role, url in roles.items() if url} == expected.get(service, set())
        for role, url in roles.items():
            if url:
                password = (secrets / f"{role}_password").read_text("utf-8")
                text = url.get_secret_value()
                assert f"quantrac_{role}:{password}@database:5432/quantrac?sslmode=verify-full" in text

    def test_passwords_differ(self, secrets: Path) -> None:
        passwords = [file.read_text("utf-8") for file in secrets.glob("*_password")]
        assert len(passwords) == len(set(passwords)) == 11
        assert all(len(password) == 48 for password in passwords)

    @pytest.mark.parametrize("service", ["mosquitto", "kafka", "database", "grafana"])
    def test_certificates_are_the_authoritys_and_name_the_service(self, secrets: Path, service: str) -> None:
        file = secrets / f"{service}_cert.pem"
        verified = ["openssl", "verify", "-CAfile", str(secrets / "ca.pem"), "-verify_hostname", service, str(file)]
        assert runs(verified)

    def test_a_second_time_changes_nothing(self, secrets: Path) -> None:
        before = {file.name: file.read_bytes() for file in secrets.iterdir()}
        result = run("prepare.sh", secrets, "a", "b", "c", "d")
        assert "Everything was there already" in result.stdout
        assert {file.name: file.read_bytes() for file in secrets.iterdir()} == before

    def test_a_station_gets_a_password_once(self, secrets: Path) -> None:
        first = run("add-station.sh", secrets, "DT_A")
        code, password = first.stdout.split()
        assert code == "DT_A"
        assert f"DT_A:{password}" in (secrets / "mqtt_users").read_text("utf-8").splitlines()
        assert "already" in run("add-station.sh", secrets, "DT_A").stdout

    @pytest.mark.parametrize("code", ["bridge", "a/b", "a:b", "#", ""])
    def test_what_is_no_station_code_is_refused(self, secrets: Path, code: str) -> None:
        before = (secrets / "mqtt_users").read_text("utf-8")
        result = run("add-station.sh", secrets, code)
        assert result.returncode == 2
        assert "cannot be a station code" in result.stderr
        assert (secrets / "mqtt_users").read_text("utf-8") == before

    def test_usage_is_shown_without_arguments(self, tmp_path: Path) -> None:
        result = run("prepare.sh", tmp_path)
        assert result.returncode == 2
        assert "PUBLIC_NAME SMTP_HOST MAIL_FROM MAIL_TO" in result.stderr


def runs(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_docker_compose_accepts_the_file() -> None:
    clients = [["docker", "compose"], ["docker-compose"]]
    command = next((client for client in clients if shutil.which(client[0]) and runs([*client, "version"])), None)
    if command is None:
        pytest.skip("no docker compose client on this machine")
    result = subprocess.run(
        [*command, "--file", str(DEPLOY / "compose.yaml"), "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
