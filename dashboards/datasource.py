"""The data source that the dashboards ask: the database, as the reader role."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from dashboards.grafana import DATASOURCE_TYPE, DATASOURCE_UID, Json
from quantrac.endpoints import LOOPBACK
from quantrac.errors import SettingsError

_DEFAULT_PORT = 5432
_TLS_MODES = frozenset({"disable", "require", "verify-ca", "verify-full"})
_POSTGRES_15 = 1500
"""The newest version that Grafana's data source knows by number; it is only a hint to its query builder."""


@dataclass(frozen=True, slots=True)
class Datasource:
    """What Grafana needs to reach the database."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    tls_mode: str
    ca_file: str | None = None

    @classmethod
    def of_uri(cls, uri: str) -> Datasource:
        """Return the data source of a libpq connection URI with one host.

        libpq's modes ``allow`` and ``prefer``, which Grafana does not have, become ``require``, and ``disable`` on
        loopback.

        Raises
        ------
        SettingsError
            The URI names no host or no user.
        """
        parts = urlsplit(uri)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        host = parts.hostname or query.get("host", "")
        user = unquote(parts.username or query.get("user", ""))
        if not host or not user:
            raise SettingsError(
                "QUANTRAC_DATABASE_READER_URL: the URL for Grafana needs a host and a user: "
                "postgresql://quantrac_reader:PASSWORD@HOST:5432/quantrac"
            )
        mode = query.get("sslmode", "")
        if mode not in _TLS_MODES:
            mode = "disable" if host in LOOPBACK or host.startswith("/") else "require"
        return cls(
            host=host,
            port=parts.port or int(query.get("port", _DEFAULT_PORT)),
            database=unquote(parts.path.lstrip("/")) or user,
            user=user,
            password=unquote(parts.password or query.get("password", "")),
            tls_mode=mode,
            ca_file=query.get("sslrootcert"),
        )

    def to_json(self, password: str | None = None) -> Json:
        """Return the data source as Grafana's API and provisioning files have it; ``password`` replaces the own one."""
        options: Json = {
            "database": self.database,
            "sslmode": self.tls_mode,
            "postgresVersion": _POSTGRES_15,
            "timescaledb": True,
            "maxOpenConns": 10,
        }
        if self.ca_file is not None:
            options |= {"tlsConfigurationMethod": "file-path", "sslRootCertFile": self.ca_file}
        return {
            "name": "quantrac",
            "uid": DATASOURCE_UID,
            "type": DATASOURCE_TYPE,
            "access": "proxy",
            "url": self.host if self.host.startswith("/") else f"{self._bracketed}:{self.port}",
            "user": self.user,
            "isDefault": True,
            "jsonData": options,
            "secureJsonData": {"password": self.password if password is None else password},
        }

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host
