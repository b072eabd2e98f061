"""Where messages other than e-mails go: targets by name, in a TOML file that only the notifier's machine has.

A target is the URL of a service that Apprise knows, or an HTTP gateway described key by key, as SMS gateways need it.
Both hold secrets: they never reach the database, a log or an error message. What contains ``{to}`` is a way to people:
an officer's channel names it with what stands for them there, ``sms/0912345678``. All others are fixed, and are told of
what everybody is told of.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quantrac.errors import RuleError, SettingsError
from quantrac.tomltable import Table

TO = "{to}"
FIELDS = frozenset({"to", "subject", "text", "short", "id"})
_TO = re.compile(r"[\w+.@:-]{1,128}", re.ASCII)
_FIELD = re.compile(r"\{(\w+)\}")
_KEYS = {"url", "method", "headers", "query", "json", "form", "accepted"}


@dataclass(frozen=True, slots=True)
class Gateway:
    """An HTTP gateway: what is sent to it, and which answer means that it has taken the message."""

    url: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    accepted: re.Pattern[str] | None = None
    """Must be found in the answer: gateways answer 200 and say in the body what was wrong."""


Target = str | Gateway


def load_targets(path: Path) -> dict[str, Target]:
    """Return the targets of a TOML file: ``name = "Apprise URL"``, or a table ``[name]`` of an HTTP gateway.

    Raises
    ------
    SettingsError
        The file cannot be read, others than its owner can read it, or an entry is not one that can be sent to.
    """
    where = f"{path} (QUANTRAC_WEBHOOKS_FILE)"
    try:
        entries = tomllib.loads(path.read_text("utf-8"))
        shared = path.stat().st_mode & 0o077
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise SettingsError(f"{where} cannot be read as TOML: {exc}.") from exc
    if shared:
        raise SettingsError(f"{where} holds secrets and others may read it: chmod 600 {path}")
    try:
        return {name: _target(name, entry, where) for name, entry in entries.items()}
    except RuleError as exc:
        raise SettingsError(str(exc)) from exc


def fixed(targets: Mapping[str, Target]) -> list[str]:
    """Return the names of the targets that are told of what everybody is told of."""
    return [name for name, target in targets.items() if not is_personal(target)]


def is_personal(target: Target) -> bool:
    """Whether a target is a way to people."""
    return TO in (target if isinstance(target, str) else repr(target))


def split(recipient: str) -> tuple[str, str | None]:
    """Return the name of a target, and who is reached there; ``None`` for a fixed one.

    >>> split("sms/0912345678"), split("centre")
    (('sms', '0912345678'), ('centre', None))
    """
    name, slash, to = recipient.partition("/")
    return name, to if slash else None


def is_reachable(to: str) -> bool:
    """Whether a text can stand for a person: letters without accents, digits, and ``+ . @ : - _``."""
    return _TO.fullmatch(to) is not None


def filled(template: Any, values: Mapping[str, str]) -> Any:
    """Return a template with its fields replaced, in every text of it; what a value holds is never a field again.

    >>> filled({"to": "{to}", "n": [1, "{text}!"]}, {"to": "0912", "text": "{to}"})
    {'to': '0912', 'n': [1, '{to}!']}
    """
    if isinstance(template, str):
        return _FIELD.sub(lambda found: values.get(found[1], found[0]), template)
    if isinstance(template, Mapping):
        return {key: filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, values) for value in template]
    return template


def _target(name: str, entry: object, where: str) -> Target:
    if isinstance(entry, str):
        return _apprise_url(name, entry, where)
    if not isinstance(entry, dict):
        raise SettingsError(f"{where}: {name} is neither a URL nor a table.")
    table = Table(entry, where, name)
    table.refuse_unknown(_KEYS)
    url = table.text("url")
    if not re.fullmatch(r"https?://[^\s/{}]+(/\S*)?", url):
        raise SettingsError(f"{where}: {name}, url: is no http or https address with a host of its own.")
    method = table.text("method", "POST")
    if method not in {"GET", "POST", "PUT"}:
        raise SettingsError(f"{where}: {name}, method: is {method!r}; give GET, POST or PUT.")
    if "json" in entry and "form" in entry:
        raise SettingsError(f"{where}: {name} has json and form; give one.")
    parts = {key: _texts(name, entry[key], key, where) for key in ("headers", "query", "form") if key in entry}
    body = entry.get("json")
    unknown = sorted({f for f in _FIELD.findall(f"{url}{parts}{body}") if f not in FIELDS})
    if unknown:
        raise SettingsError(f"{where}: {name} has the field {{{unknown[0]}}}; there are {', '.join(sorted(FIELDS))}.")
    if body is not None and not isinstance(body, dict):
        raise SettingsError(f"{where}: {name}, json: is no table.")
    return Gateway(
        url, method, parts.get("headers", {}), parts.get("query", {}), body, parts.get("form"), _pattern(table, where)
    )


def _texts(name: str, given: object, key: str, where: str) -> dict[str, str]:
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise SettingsError(f"{where}: {name}, {key}: is no table of texts.")
    if key == "headers" and any(FIELDS & set(_FIELD.findall(value)) for value in given.values()):
        raise SettingsError(f"{where}: {name}, headers: has a field; what is told goes into query, json or form.")
    return given


def _pattern(table: Table, where: str) -> re.Pattern[str] | None:
    text = table.optional_text("accepted")
    try:
        return None if text is None else re.compile(text)
    except re.error as exc:
        raise SettingsError(f"{where}: accepted: is no regular expression: {exc}.") from exc


def _apprise_url(name: str, url: str, where: str) -> str:
    import apprise  # noqa: PLC0415  it is large, and most have no webhooks

    if not apprise.Apprise().add(url.replace(TO, "84912345678")):
        raise SettingsError(
            f"{where}: {name} is not a URL that Apprise knows; see https://appriseit.com/services/ for the form of "
            "each service."
        )
    return url
