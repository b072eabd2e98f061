"""A Grafana of this machine alone, where the program is found: provisioned by files, seen without login."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from dashboards.catalogue import dashboards
from dashboards.datasource import Datasource
from dashboards.files import write_files
from dashboards.grafana import DATE_FORMATS
from local.servers.files import write_private
from local.servers.passwords import Passwords
from local.servers.process import LocalServer
from quantrac.errors import SettingsError

AREA = "grafana"
"""Area of the administrator's password."""
ADMIN = "admin"
PACKAGED = Path("/usr/share/grafana/bin/grafana")
"""Where Grafana's own Debian package has the program."""
WHERE_TO_GET_IT = (
    "No Grafana was found: install its Debian package (https://grafana.com/grafana/download), or set "
    "QUANTRAC_GRAFANA_BIN to the program `grafana` of a folder that was unpacked."
)


def find_grafana(setting: Path | None) -> Path | None:
    """Return the program: the one of the setting, on the PATH, or of the Debian package; ``None`` without one.

    Raises
    ------
    SettingsError
        The setting names no file.
    """
    if setting is not None:
        if not setting.is_file():
            raise SettingsError(f"QUANTRAC_GRAFANA_BIN names {setting}, which is no file: name the program `grafana`.")
        return setting.resolve()
    found = shutil.which("grafana")
    return Path(found).resolve() if found else PACKAGED if PACKAGED.is_file() else None


class Grafana(LocalServer):
    """Grafana on the loopback address; anybody there is a viewer, nobody can change a dashboard.

    ``reader`` is the database's URI of the role that only reads; ``web_url`` is where the centre's pages are.
    """

    name = "grafana"

    def __init__(
        self, run_dir: Path, program: Path, reader: str, *, web_url: str | None = None, detached: bool = False
    ) -> None:
        super().__init__(run_dir, detached=detached)
        self._program, self._reader, self._web_url = program, reader, web_url
        self._passwords = Passwords(run_dir)

    @property
    def url(self) -> str:
        """Where it is seen."""
        return f"http://{self.host}:{self.port}"

    @property
    def admin(self) -> tuple[str, str]:
        """The administrator's name and password."""
        return ADMIN, self._passwords.get(AREA, ADMIN)

    def is_healthy(self) -> bool:
        """Whether it answers and reaches its own store."""
        try:
            with urllib.request.urlopen(f"{self.url}/api/health", timeout=5) as answer:  # noqa: S310 - loopback
                return bool(json.load(answer).get("database") == "ok")
        except (OSError, ValueError):
            return False

    def _prepare(self) -> None:
        datasource = Datasource.of_uri(self._reader)
        reader_password, admin_password = self.folder / "reader_password", self.folder / "admin_password"
        write_private(reader_password, datasource.password)
        write_private(admin_password, self.admin[1])
        write_files(
            self.folder,
            dashboards(self._web_url),
            datasource,
            password_file=PurePosixPath(reader_password),
            dashboards_path=PurePosixPath(self.folder / "dashboards"),
        )
        for empty in ("plugins", "provisioning/plugins", "provisioning/alerting"):
            (self.folder / empty).mkdir(parents=True, exist_ok=True)  # else it complains of each at its start
        write_private(self.folder / "grafana.ini", _ini(self._sections(admin_password)))

    def _sections(self, admin_password: Path) -> Mapping[str, Mapping[str, object]]:
        folder = self.folder
        return {
            "paths": {
                "data": folder / "data",
                "logs": folder / "log",
                "plugins": folder / "plugins",
                "provisioning": folder / "provisioning",
            },
            "server": {"http_addr": self.host, "http_port": self.port, "protocol": "http"},
            "security": {
                "admin_user": ADMIN,
                "admin_password": f"$__file{{{admin_password}}}",
                "disable_gravatar": True,
            },
            "auth.anonymous": {"enabled": True, "org_role": "Viewer", "hide_version": True},
            "users": {"allow_sign_up": False},
            "dashboards": {"default_home_dashboard_path": folder / "dashboards" / f"{dashboards()[0].uid}.json"},
            "unified_alerting": {"enabled": False},
            "public_dashboards": {"enabled": False},
            "date_formats": DATE_FORMATS,
            "analytics": {
                "reporting_enabled": False,
                "check_for_updates": False,
                "check_for_plugin_updates": False,
                "feedback_links_enabled": False,
            },
            "news": {"news_feed_enabled": False},
            "plugins": {"preinstall_disabled": True, "public_key_retrieval_disabled": True},
            "log": {"mode": "console", "level": "warn"},
        }

    def _command(self) -> Sequence[str | Path]:
        home = self._program.parent.parent
        if not (home / "public").is_dir():
            home = PACKAGED.parent.parent
        return (self._program, "server", "--homepath", home, "--config", self.folder / "grafana.ini")


def _ini(sections: Mapping[str, Mapping[str, object]]) -> str:
    def shown(value: object) -> object:
        return str(value).lower() if isinstance(value, bool) else value

    lines = [
        line
        for name, keys in sections.items()
        for line in (f"[{name}]", *(f"{k} = {shown(v)}" for k, v in keys.items()))
    ]
    return "\n".join(lines) + "\n"
