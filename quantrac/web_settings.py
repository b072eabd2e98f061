"""Settings of the centre's page, a part of :class:`quantrac.settings.Settings`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode

from quantrac.endpoints import LOOPBACK


class WebSettings(BaseSettings):
    """Where the page listens, how it is reached from outside, and how people log in."""

    web_address: str = Field(
        "127.0.0.1", description="Address on which the page listens; 0.0.0.0 for other machines, with TLS."
    )
    web_port: int = Field(8400, ge=0, le=65535, description="Port of the page; 0: a free one, written to the log.")
    web_url: str | None = Field(
        None,
        description=(
            "How browsers reach the page, such as https://quantrac.example.vn; messages and dashboards lead there. "
            "Empty: its address and port, and no links."
        ),
    )
    web_tls_cert: Path | None = Field(
        None, description="Certificate chain (PEM) of the page; empty: plain HTTP, for loopback or behind a proxy."
    )
    web_tls_key: Path | None = Field(None, description="Private key (PEM) of the certificate.")
    web_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Addresses of proxies before the page whose X-Forwarded-For is believed, with commas between."
    )
    web_session_hours: float = Field(
        12, gt=0, le=720, description="How long a login lasts (hours); a duty lasts twelve."
    )
    web_idle_hours: float = Field(4, gt=0, le=720, description="A session that was not used for so long ends (hours).")
    web_tiles_url: str | None = Field(
        None,
        description="Tiles of a map below the stations, `https://host/{z}/{x}/{y}.png`; empty: a sketch of our own.",
    )
    web_push_key: str | None = Field(
        None,
        description=(
            "Public key of Web Push, which `quantrac oncall vapid` prints, so that the page needs not the private one; "
            "default: that of QUANTRAC_VAPID_KEY_FILE."
        ),
    )
    oidc_issuer: str | None = Field(
        None, description="Issuer of single sign-on (OpenID Connect), an https address; empty: local accounts alone."
    )
    oidc_ca_file: Path | None = Field(None, description="Certificate authority of the issuer; empty: the system's.")
    oidc_client_id: str | None = Field(None, description="Client id of the page at the issuer.")
    oidc_client_password: SecretStr | None = Field(None, description="Client secret of the page at the issuer.")
    oidc_login_claim: str = Field(
        "preferred_username",
        description="Claim that names the account at the first sign-on; from then on the subject does.",
    )

    @field_validator("web_proxies", mode="before")
    @classmethod
    def _split_proxies(cls, value: object) -> object:
        return tuple(a.strip() for a in value.split(",") if a.strip()) if isinstance(value, str) else value

    @field_validator("oidc_issuer")
    @classmethod
    def _is_encrypted(cls, value: str | None) -> str | None:
        if value is not None and value.startswith("http://") and urlsplit(value).hostname not in LOOPBACK:
            raise ValueError("must begin with https://: who listens would get the client's secret")
        return value

    @field_validator("web_url", "web_tiles_url", "oidc_issuer")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("https://", "http://")):
            raise ValueError("must begin with https:// (or http:// on loopback)")
        return None if value is None else value.rstrip("/")
