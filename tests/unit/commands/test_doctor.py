"""Number 10 of the promises: `doctor --strict` refuses plain text anywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from commands.doctor import plain_connections
from quantrac.settings import Settings, load_settings

SAFE = {
    "QUANTRAC_MQTT_HOST": "mqtt.example.vn",
    "QUANTRAC_KAFKA_BOOTSTRAP": "kafka:9093",
    "QUANTRAC_DATABASE_WRITER_URL": "postgresql://w:p@db/q?sslmode=verify-full",
    "QUANTRAC_SMTP_HOST": "mail.example.vn",
    "QUANTRAC_GRAFANA_URL": "https://grafana.example.vn",
}


Load = Callable[[dict[str, str]], Settings]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    def loaded(variables: dict[str, str]) -> Settings:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return load_settings()

    return loaded


def test_number_10_everything_encrypted_is_accepted(load: Load) -> None:
    assert list(plain_connections(load({}))) == []
    assert list(plain_connections(load(SAFE))) == []


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("MQTT_TLS", "false", "MQTT"),
        ("KAFKA_SECURITY", "PLAINTEXT", "Kafka"),
        ("KAFKA_SECURITY", "SASL_PLAINTEXT", "Kafka"),
        ("DATABASE_WRITER_URL", "postgresql://w:p@db/q", "DATABASE_WRITER_URL"),
        ("DATABASE_READER_URL", "postgresql://w:p@db/q?sslmode=require", "DATABASE_READER_URL"),
        ("SMTP_SECURITY", "none", "mail"),
        ("GRAFANA_URL", "http://grafana.example.vn", "Grafana"),
    ],
)
def test_number_10_plain_text_is_named(load: Load, name: str, value: str, told: str) -> None:
    (found,) = plain_connections(load(SAFE | {f"QUANTRAC_{name}": value}))
    assert told in found
    assert "w:p" not in found


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_number_10_a_plain_webhook_is_named_without_its_token(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "webhooks.toml"
    file.write_text('safe = "jsons://hook.example.vn/TOKEN"\nplain = "json://hook.example.vn/TOKEN"\n')
    file.chmod(0o600)
    found = list(plain_connections(load(SAFE | {"QUANTRAC_WEBHOOKS_FILE": str(file)})))
    assert found == ["the webhook 'plain' (json://)"]
