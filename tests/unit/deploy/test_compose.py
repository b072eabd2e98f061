"""The compose file: what each service may do, and that it says what the code says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts import private_keys
from alerts.evidence.keys import load_key
from alerts.vapid import public_key
from quantrac.endpoints import DATABASE_ROLES
from quantrac.errors import SettingsError
from quantrac.settings import load_settings
from quantrac.topics import MAX_MESSAGE_BYTES, MQTT_ROOT, STAMPED_BY, kafka_topics

DEPLOY = Path(__file__).parents[3] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOT = {"kafka-setup", "setup", "dashboards", "desk"}
STATIONS_AND_OFFICERS = {"mosquitto", "grafana", "web"}
IMAGES = ("MOSQUITTO_IMAGE", "KAFKA_IMAGE", "DATABASE_IMAGE", "GRAFANA_IMAGE", "PYTHON_IMAGE")
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
def test_number_10_images_are_pinned_by_their_digest_or_nothing_starts(name: str) -> None:
    image = SERVICES[name]["image"]
    if "build" in SERVICES[name]:
        image = SERVICES[name]["build"]["args"]["PYTHON_IMAGE"]
    variable = re.fullmatch(r"\$\{(\w+_IMAGE):\?run deploy/pin-images.sh first\}", image)
    assert variable, image
    assert re.search(
        rf"^    \[{variable[1]}\]=[\w/-]+:\d+\.\d+(\.\d+)?(-[\w.-]+)?$",
        (DEPLOY / "pin-images.sh").read_text("utf-8"),
        re.MULTILINE,
    )


@each_service
def test_number_2_every_container_has_a_limit_of_memory(name: str) -> None:
    assert re.fullmatch(r"\d+[mg]", SERVICES[name]["mem_limit"])
    assert SERVICES[name]["pids_limit"] > 0


@each_service
def test_only_loggers_and_officers_get_in(name: str) -> None:
    service = SERVICES[name]
    if name in STATIONS_AND_OFFICERS:
        # Number 11: over IPv4 and over IPv6.
        (v4, v6) = service["ports"]
        assert re.match(r"\$\{\w+_ADDRESS:-0\.0\.0\.0\}:", v4)
        assert re.match(r"\[\$\{\w+_ADDRESS_V6:-::\}\]:", v6)
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
        if source.startswith((".", "..")):
            assert (DEPLOY / source).exists(), mount
        elif not source.startswith("${"):
            assert source in COMPOSE["volumes"]


RUN_DIR = "/var/lib/quantrac"
KEPT = {
    "bridge": {f"{RUN_DIR}/receipts"},
    "dropfolder": {f"{RUN_DIR}/receipts", f"{RUN_DIR}/dropfolder"},
    "worker": {f"{RUN_DIR}/models", f"{RUN_DIR}/compiled"},
    "incidents": {f"{RUN_DIR}/links/link.key"},
    "web": {f"{RUN_DIR}/links/link.key"},
    "notifier": {f"{RUN_DIR}/system-faults.json"},
    "trainer": {f"{RUN_DIR}/models"},
    "mosquitto": {"/mosquitto/data"},
    "kafka": {"/var/lib/kafka/data"},
    "database": {"/var/lib/postgresql/data"},
    "grafana": {"/var/lib/grafana", "/grafana"},
}
"""What each service has to find again after it was made anew; the others keep nothing."""
PASSING = {"faust", "replay", "simulate", "drills"}
"""In a run folder, but of no service, or written anew at each start."""
SHARED = {"models": {"worker", "trainer"}, "links": {"incidents", "web"}, "grafana-files": {"dashboards", "grafana"}}


def _mount(name: str, path: str) -> str:
    """Return what lies at a path in a service's container: the name of a volume, ``tmpfs``, or nothing."""
    service = SERVICES[name]
    mounts = {entry.split(":")[0]: "tmpfs" for entry in service.get("tmpfs", ())}
    mounts |= {entry.split(":")[1]: entry.split(":")[0] for entry in _volumes(name)}
    found = [target for target in mounts if path == target or path.startswith(f"{target}/")]
    return mounts[max(found, key=len)] if found else ""


def _volumes(name: str) -> list[str]:
    return [entry for entry in SERVICES[name].get("volumes", ()) if entry.split(":")[0] in COMPOSE["volumes"]]


@each_service
def test_what_a_service_keeps_is_on_a_volume_of_its_own(name: str) -> None:
    lie = {path: _mount(name, path) for path in KEPT.get(name, ())}
    assert {path: where for path, where in lie.items() if where not in COMPOSE["volumes"]} == {}
    unused = {entry.split(":")[0] for entry in _volumes(name)} - set(lie.values())
    assert unused <= ({"grafana-files"} if name == "dashboards" else set())
    for volume in lie.values():
        holders = {other for other in SERVICES if any(e.split(":")[0] == volume for e in _volumes(other))}
        assert holders == SHARED.get(volume, {name})


def test_everything_that_is_written_into_the_run_folder_is_kept_or_may_go() -> None:
    """A file that is new in the code has to be thought of here."""
    written: set[str] = set()
    for folder in ("alerts", "commands", "ingest", "reports", "streams", "web"):
        for path in (DEPLOY.parent / folder).rglob("*.py"):
            written |= set(re.findall(r"run_dir\s*/ \"([\w.-]+)\"", path.read_text("utf-8")))
    kept = {Path(path).name for paths in KEPT.values() for path in paths if path.startswith(RUN_DIR)}
    assert written == kept - {"compiled"} | PASSING


def test_the_notifier_watches_the_disk_of_the_volumes_and_not_a_folder_in_memory() -> None:
    """It tells of less than 2 GB where its run folder is."""
    assert _mount("notifier", RUN_DIR) == "notifier"


@each_service
def test_a_new_volume_belongs_to_the_user_of_the_container(name: str) -> None:
    """Docker gives a new volume the owner of the folder that the image has at its place."""
    made = " ".join(re.findall(r"install -d -o quantrac (.*)", _joined("Dockerfile"))).split()
    if "build" in SERVICES[name]:
        for entry in _volumes(name):
            assert entry.split(":")[1] in made


def _joined(file: str) -> str:
    return (DEPLOY / file).read_text("utf-8").replace("\\\n", " ")


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
    stamped = {name for name, stamp in re.findall(r"--entity-name (\S+) --add-config (\S+)", script)}
    assert stamped == {t.name for t in topics if STAMPED_BY in dict(t.config)}
    assert f"{STAMPED_BY}={dict(topics[0].config)[STAMPED_BY]} " in script


def test_kafka_takes_the_largest_record() -> None:
    assert f"\nmessage.max.bytes={MAX_MESSAGE_BYTES}\n" in (DEPLOY / "kafka" / "server.properties").read_text("utf-8")


def test_the_broker_lets_a_station_write_under_its_own_name_only() -> None:
    lines = (DEPLOY / "mosquitto" / "acl").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules == [
        f"pattern write {MQTT_ROOT}/%u/#",
        "user bridge-1",
        f"topic read {MQTT_ROOT}/#",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "use_username_as_clientid true",
        "max_connections 2000",
        "max_packet_size 327680",
        "max_queued_bytes 1073741824",
        "memory_limit 3221225472",
        "log_type debug",
    ],
)
def test_number_2_the_broker_has_limits_and_binds_sessions_to_users(line: str) -> None:
    assert line in (DEPLOY / "mosquitto" / "mosquitto.conf").read_text("utf-8").splitlines()


def test_number_2_the_broker_here_and_the_local_one_have_the_same_limits() -> None:
    from local.servers import mosquitto

    text = (DEPLOY / "mosquitto" / "mosquitto.conf").read_text("utf-8")
    assert f"max_packet_size {mosquitto.MAX_PACKET_BYTES}\n" in text
    assert f"max_queued_bytes {mosquitto.MAX_QUEUED_BYTES}\n" in text
    assert f"memory_limit {mosquitto.MEMORY_LIMIT_BYTES}\n" in text


def test_number_10_the_database_names_its_users_and_keeps_the_superuser_off_the_network() -> None:
    lines = (DEPLOY / "database" / "pg_hba.conf").read_text("utf-8").splitlines()
    rules = [line.split() for line in lines if line and not line.startswith("#")]
    over_network = [rule for rule in rules if rule[0] != "local"]
    named = {user for _, _, users, *_ in over_network for user in users.split(",")}
    assert named == {f"quantrac_{role}" for role in DATABASE_ROLES}
    assert all((rule[0], rule[1], rule[-1]) == ("hostssl", "quantrac", "scram-sha-256") for rule in over_network)
    assert [rule for rule in rules if rule[0] == "local"] == [["local", "all", "postgres", "scram-sha-256"]]


@pytest.mark.parametrize("script", ["prepare.sh", "database/roles.sh", "add-station.sh", "mosquitto/users.sh"])
def test_number_10_no_password_is_on_a_command_line(script: str) -> None:
    """Builtins of the shell and what psql reads by itself are not seen by other users of the machine."""
    text = (DEPLOY / script).read_text("utf-8")
    for line in text.splitlines():
        program = line.strip().split(" ")[0]
        if re.search(r"\$\(<|cat /run/secrets|\$\(jaas\)|\$password", line):
            assert program in {"echo", "{", "printf", "\\set", "line=", "line+=", "done", "for"} or re.match(
                r"(sasl.jaas.config|line|PGPASSWORD|properties|renamed|settings|password)\+?=", program
            ), line


def test_number_10_the_image_installs_by_hashes_what_the_constraints_say() -> None:
    lock = (DEPLOY / "requirements.lock").read_text("utf-8")
    pins = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.MULTILINE))
    constraints = dict(
        re.findall(r"^([\w.-]+)==([^\s;]+)", (DEPLOY.parent / "constraints.txt").read_text("utf-8"), re.MULTILINE)
    )
    assert len(pins) > 30
    known = {name.lower().replace("_", "-"): version for name, version in constraints.items()}
    assert {name: v for name, v in pins.items() if known.get(name, v) != v} == {}, "run scripts/lock.sh"
    assert all("--hash=sha256:" in entry for entry in re.split(r"\n(?=\w)", lock.strip()))
    assert "://" not in lock
    assert "--require-hashes" in (DEPLOY / "Dockerfile").read_text("utf-8")


@pytest.mark.parametrize(
    "line",
    [
        "allow_anonymous false",
        "persistence true",
        "autosave_on_changes false",
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
        env={
            "SECRETS_DIR": str(folder),
            "CA_DIR": str(folder.parent / "authority"),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
        },
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
        # Number 10: the authority's key does not lie beside the secrets of running servers.
        assert not (secrets / "ca.key").exists()
        assert (secrets.parent / "authority" / "ca.key").stat().st_mode & 0o777 == 0o600

    @pytest.mark.parametrize(
        "service",
        [
            "setup",
            "bridge",
            "dropfolder",
            "worker",
            "incidents",
            "notifier",
            "trainer",
            "reporter",
            "dashboards",
            "desk",
        ],
    )
    def test_each_configuration_is_one_that_quantrac_takes(self, secrets: Path, service: str) -> None:
        settings = load_settings({"QUANTRAC_CONFIG_FILE": str(secrets / f"{service}.toml")})
        roles = {role: getattr(settings, f"database_{role}_url") for role in DATABASE_ROLES}
        expected = {"setup": {"owner"}, "worker": {"writer"}, "incidents": {"notifier"}, "notifier": {"notifier"}}
        expected |= {
            "trainer": {"trainer"},
            "reporter": {"writer", "reader"},
            "dashboards": {"reader"},
            "desk": {"desk", "reader"},
            "dropfolder": {"intake"},
            "bridge": {"intake"},
        }
        if service in ("worker", "incidents", "notifier"):
            assert settings.mail_to == ("t@example.vn",)
        assert {role for role, url in roles.items() if url} == expected.get(service, set())
        for role, url in roles.items():
            if url:
                password = (secrets / f"{role}_password").read_text("utf-8")
                text = url.get_secret_value()
                assert f"quantrac_{role}:{password}@database:5432/quantrac?sslmode=verify-full" in text

    def test_the_page_seals_evidence_and_browsers_get_the_public_key_of_push(
        self, secrets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("evidence_key.pem", "push_key.pem"):
            shutil.copy(secrets / name, tmp_path / name)
            (tmp_path / name).chmod(0o644)  # as a container sees the file of another user
        with pytest.raises(SettingsError, match="others may read it"):
            load_key(tmp_path / "evidence_key.pem")
        monkeypatch.setattr(private_keys, "CONTAINER_SECRETS", tmp_path)
        assert load_key(tmp_path / "evidence_key.pem").sign(b"x")
        web = load_settings({"QUANTRAC_CONFIG_FILE": str(secrets / "web.toml")})
        assert web.web_push_key == public_key(tmp_path / "push_key.pem")
        given = {name: set(service["secrets"]) & {"evidence_key.pem", "push_key.pem"}
                 for name, service in SERVICES.items() if "secrets" in service}  # fmt: skip
        assert {name: keys for name, keys in given.items() if keys} == {
            "web": {"evidence_key.pem"}, "notifier": {"push_key.pem"},
        }  # fmt: skip

    def test_passwords_differ(self, secrets: Path) -> None:
        passwords = [file.read_text("utf-8") for file in secrets.glob("*_password")]
        assert len(passwords) == len(set(passwords)) == 17
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

    @pytest.mark.parametrize("code", ["bridge", "bridge-1", "bridge-2", "probe", "a/b", "a:b", "#", ""])
    def test_what_is_no_station_code_is_refused(self, secrets: Path, code: str) -> None:
        before = (secrets / "mqtt_users").read_text("utf-8")
        result = run("add-station.sh", secrets, code)
        assert result.returncode == 2
        assert "cannot be a station code" in result.stderr
        assert (secrets / "mqtt_users").read_text("utf-8") == before

    def test_number_10_a_stations_password_is_rotated_and_revoked(self, secrets: Path) -> None:
        first = run("add-station.sh", secrets, "DT_R", "DT_RR").stdout.split()
        _, second = run("add-station.sh", secrets, "--rotate", "DT_R").stdout.split()
        lines = (secrets / "mqtt_users").read_text("utf-8").splitlines()
        assert second not in first
        assert f"DT_R:{second}" in lines
        assert f"DT_RR:{first[3]}" in lines
        assert run("add-station.sh", secrets, "--revoke", "DT_R").returncode == 0
        left = (secrets / "mqtt_users").read_text("utf-8").splitlines()
        assert left == [line for line in lines if not line.startswith("DT_R:")]
        assert "no password here" in run("add-station.sh", secrets, "--rotate", "DT_R").stderr

    def test_number_10_new_certificates_need_the_key_that_is_elsewhere(self, secrets: Path, tmp_path: Path) -> None:
        folder = tmp_path / "secrets"
        shutil.copytree(secrets, folder)
        (folder / "mosquitto_cert.pem").unlink()
        result = run("prepare.sh", folder, "a", "b", "c", "d")
        assert result.returncode == 1
        assert "bring the authority's key" in result.stderr

    @pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7"])
    def test_number_11_a_certificate_for_an_address(self, tmp_path: Path, address: str) -> None:
        folder = tmp_path / "secrets"
        assert run("prepare.sh", folder, address, "mail.example.vn", "q@example.vn", "t@example.vn").returncode == 0
        for ip in (address, "127.0.0.1", "::1"):
            files = [str(folder / "ca.pem"), "-verify_ip", ip, str(folder / "mosquitto_cert.pem")]
            assert runs(["openssl", "verify", "-CAfile", *files])

    def test_number_2_an_older_bridge_keeps_its_session(self, secrets: Path, tmp_path: Path) -> None:
        folder = tmp_path / "secrets"
        shutil.copytree(secrets, folder)
        for name in ("mqtt_users", "bridge.toml"):
            text = (folder / name).read_text("utf-8")
            text = text.replace("bridge-1:", "bridge:").replace('"bridge-1"', '"bridge"')
            (folder / name).write_text(text)
        shutil.copytree(secrets.parent / "authority", tmp_path / "authority")
        assert run("prepare.sh", folder, "a", "b", "c", "d").returncode == 0
        for name in ("mqtt_users", "bridge.toml"):
            assert (folder / name).read_text("utf-8") == (secrets / name).read_text("utf-8")

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
        env=os.environ | dict.fromkeys(IMAGES, "example/image:1@sha256:" + "0" * 64),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
