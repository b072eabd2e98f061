"""Who is told of every alert: addresses, or nothing starts."""

from __future__ import annotations

import pytest

from quantrac.errors import SettingsError
from quantrac.settings import load_settings


def test_number_16_an_officer_without_an_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTRAC_MAIL_TO", "a@example.vn,truc-ban")
    with pytest.raises(SettingsError, match=r"QUANTRAC_MAIL_TO does not fit.*'truc-ban' is not an e-mail address"):
        load_settings()
