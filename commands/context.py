"""What every command starts from: the settings, and how to reach each server, configured or local."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from local.servers.connections import DEMO_FOLDER, LocalEndpoints, read_local
from local.servers.ports import HOST, Ports, is_free
from quantrac.clock import Clock, SystemClock
from quantrac.domain.stations import Registry
from quantrac.endpoints import DATABASE_ROLES, DatabaseEndpoint, KafkaEndpoint, MqttEndpoint, SmtpEndpoint
from quantrac.errors import SettingsError
from quantrac.settings import Settings, load_settings

if TYPE_CHECKING:
    from streams.trainer import TrainerOptions
    from web.options import WebOptions


@dataclass(frozen=True)
class Context:
    """Settings with the local servers' endpoints where no server is named.

    Every method raises ``SettingsError`` when neither a server is configured nor a local one was started.
    """

    settings: Settings
    clock: Clock

    @cached_property
    def local(self) -> LocalEndpoints | None:
        """The local servers that run in the run folder; ``None`` when there are none."""
        return read_local(self.settings.run_dir)

    def mqtt_bridge(self) -> MqttEndpoint:
        """Return how the bridge logs in at the MQTT broker."""
        s = self.settings
        if s.mqtt_host is None:
            return self._local("MQTT broker", "MQTT_HOST").mqtt(s.bridge_id)
        return self._mqtt(s.mqtt_user or s.bridge_id, _secret(s.mqtt_password))

    def mqtt_probe(self) -> MqttEndpoint:
        """Return how doctor logs in at the MQTT broker; without a password it should not."""
        s = self.settings
        if s.mqtt_host is None:
            return self._local("MQTT broker", "MQTT_HOST").mqtt("probe")
        return self._mqtt(s.mqtt_probe_user, _secret(s.mqtt_probe_password))

    def mqtt_for(self, station: str) -> MqttEndpoint:
        """Return how a station's logger logs in at the MQTT broker."""
        if self.settings.mqtt_host is None:
            return self._local("MQTT broker", "MQTT_HOST").mqtt(station)
        password = self._station_passwords.get(station)
        if password is None:
            raise SettingsError(
                f'No password of station {station} is known: write {station} = "…" into the TOML file named by '
                "QUANTRAC_MQTT_STATION_PASSWORDS."
            )
        return self._mqtt(station, password)

    def kafka(self) -> KafkaEndpoint:
        """Return how to reach Kafka."""
        s = self.settings
        if s.kafka_bootstrap is None:
            return self._local("Kafka", "KAFKA_BOOTSTRAP").kafka
        return KafkaEndpoint(
            s.kafka_bootstrap, s.kafka_security, s.kafka_user, _secret(s.kafka_password), s.kafka_ca_file
        )

    def database(self) -> DatabaseEndpoint:
        """Return how each role reaches the database.

        A process needs the URL of its own role only; one that is not set is the nearest that is.
        """
        s = self.settings
        given = {role: _secret(getattr(s, f"database_{role}_url")) for role in DATABASE_ROLES}
        if not any(given.values()):
            return self._local("database", "DATABASE_OWNER_URL").database
        return DatabaseEndpoint(**{role: _nearest(role, given) for role in DATABASE_ROLES})

    def smtp(self) -> SmtpEndpoint:
        """Return how to reach the mail server."""
        s = self.settings
        if s.smtp_host is None:
            local = self._local("mail server", "SMTP_HOST").smtp
            return SmtpEndpoint(
                local.host, local.port, s.mail_from, local.security, local.user, local.password, local.ca_file
            )
        return SmtpEndpoint(
            s.smtp_host,
            s.smtp_port,
            s.mail_from,
            s.smtp_security,
            s.smtp_user,
            _secret(s.smtp_password),
            s.smtp_ca_file,
        )

    def web(self, scripts: Path) -> WebOptions:
        """Return what the page is told; ``scripts`` is the folder of the scripts of others."""
        from web.options import OidcOptions, WebOptions

        s = self.settings
        oidc = None
        if s.oidc_issuer is not None:
            if s.oidc_client_id is None:
                raise SettingsError("QUANTRAC_OIDC_ISSUER is set, but QUANTRAC_OIDC_CLIENT_ID is not.")
            password = _secret(s.oidc_client_password)
            oidc = OidcOptions(s.oidc_issuer, s.oidc_client_id, password, s.oidc_login_claim, s.oidc_ca_file)
        return WebOptions(
            scripts=scripts,
            address=s.web_address,
            port=s.web_port,
            url=s.web_url,
            tls_cert=s.web_tls_cert,
            tls_key=s.web_tls_key,
            proxies=s.web_proxies,
            session=timedelta(hours=s.web_session_hours),
            idle=timedelta(hours=s.web_idle_hours),
            tiles=s.web_tiles_url,
            link_key=self.link_key_file,
            oidc=oidc,
            evidence_key=s.evidence_key_file,
            push_key=self._push_key(),
            push_services=s.web_push_services,
        )

    @property
    def page_origin(self) -> str:
        """How browsers name the page: by the settings, or, of a demo that runs here, by the port that it has chosen."""
        s = self.settings
        named = s.web_url is not None or "web_port" in s.model_fields_set
        port = None if named or self.local is None else Ports(s.run_dir).known("web")
        served = port is not None and not is_free(port)  # `quantrac up` on a demo's folder keeps to the settings
        return f"http://{HOST}:{port}" if served else self.web(s.run_dir).origin

    def registry(self) -> Registry:
        """Return the stations as the database has them."""
        from sql.catalogue import load_registry

        return load_registry(self.database().reader)

    def trainer(self) -> TrainerOptions:
        """Return what training needs of the settings."""
        from streams.trainer import TrainerOptions

        s = self.settings
        return TrainerOptions(
            database=self.database().trainer,
            models_dir=self.models_dir,
            history=timedelta(weeks=s.trainer_weeks),
            least_rows=s.trainer_min_rows,
            false_alarms_per_week=s.model_false_alarms_per_week,
        )

    @property
    def link_key_file(self) -> Path:
        """File of the key that signs the links with which incidents are taken."""
        return self.settings.link_key_file or self.settings.run_dir / "link.key"

    @property
    def models_dir(self) -> Path:
        """Folder of the trained models."""
        return self.settings.models_dir or self.settings.run_dir / "models"

    def _push_key(self) -> str | None:
        from alerts.vapid import public_key

        s = self.settings
        return s.web_push_key or (None if s.vapid_key_file is None else public_key(s.vapid_key_file))

    @cached_property
    def _station_passwords(self) -> dict[str, str]:
        path = self.settings.mqtt_station_passwords
        if path is None:
            return {}
        try:
            return {str(k): str(v) for k, v in tomllib.loads(path.read_text("utf-8")).items()}
        except (OSError, tomllib.TOMLDecodeError) as exc:
            raise SettingsError(f"{path} (QUANTRAC_MQTT_STATION_PASSWORDS) cannot be read as TOML: {exc}.") from exc

    def _mqtt(self, user: str, password: str | None) -> MqttEndpoint:
        s = self.settings
        if s.mqtt_host is None:
            raise SettingsError("QUANTRAC_MQTT_HOST is not set.")
        return MqttEndpoint(s.mqtt_host, s.mqtt_port, user, password, s.mqtt_ca_file, s.mqtt_tls)

    def _local(self, what: str, setting: str) -> LocalEndpoints:
        if self.local is None:
            run_dir = self.settings.run_dir
            demo = run_dir / DEMO_FOLDER
            asked = f" To ask the demo that runs: QUANTRAC_RUN_DIR={demo}." if read_local(demo) else ""
            raise SettingsError(
                f"No {what} is configured and no local servers run in {run_dir}: start them with "
                f"`quantrac servers start`, or name yours by QUANTRAC_{setting}.{asked}"
            )
        return self.local


def load_context() -> Context:
    """Return the context of this process's environment.

    Raises
    ------
    SettingsError
        A setting is unknown or does not fit.
    """
    return Context(load_settings(), SystemClock())


def _nearest(role: str, given: Mapping[str, str | None]) -> str:
    """Return the URL of a role; of the next one to its right that has one, else of the next to its left.

    >>> _nearest("notifier", {"owner": "o", "writer": "w", "notifier": None, "desk": None, "reader": "r"})
    'r'
    >>> _nearest("reader", {"owner": "o", "writer": "w", "notifier": None, "desk": None, "reader": None})
    'w'
    """
    names = list(given)
    at = names.index(role)
    return next(url for name in [*names[at:], *reversed(names[:at])] if (url := given[name]))


def _secret(value: SecretStr | None) -> str | None:
    return None if value is None else value.get_secret_value()
