"""The issuer of single sign-on gets the client's secret, so it is not asked in plain text."""

from __future__ import annotations

import pytest

from quantrac.errors import SettingsError
from quantrac.settings import load_settings


def test_an_issuer_in_plain_text_is_taken_on_loopback_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for issuer in ("https://sso.example.vn/realms/tinh", "http://127.0.0.1:8080", "http://[::1]:8080/a"):
        monkeypatch.setenv("QUANTRAC_OIDC_ISSUER", issuer)
        assert load_settings().oidc_issuer == issuer
    for issuer in ("http://sso.example.vn", "http://127.0.0.1.example.vn", "sso.example.vn"):
        monkeypatch.setenv("QUANTRAC_OIDC_ISSUER", issuer)
        with pytest.raises(SettingsError, match=r"QUANTRAC_OIDC_ISSUER does not fit.*must begin with https://"):
            load_settings()
