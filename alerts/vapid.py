"""Web Push: the key by which push services know us (VAPID, RFC 8292), and the subscriptions that browsers give."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from alerts import private_keys
from quantrac.errors import SettingsError

PUSH_SERVICES = ("fcm.googleapis.com", "push.services.mozilla.com", "notify.windows.com", "push.apple.com")
"""Of Chrome, Firefox, Edge and Safari, with what lies below: nothing is sent to a host that a browser just names."""
_KEY = re.compile(r"[\w-]{16,128}={0,2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where a browser is reached, and the keys with which it reads what it gets (RFC 8291)."""

    endpoint: str
    p256dh: str
    auth: str

    def info(self) -> dict[str, object]:
        """Return it as the browser's own document."""
        return {"endpoint": self.endpoint, "keys": {"p256dh": self.p256dh, "auth": self.auth}}

    def address(self) -> str:
        """Return it as the address of a channel: the same subscription always gives the same text."""
        return json.dumps(self.info(), sort_keys=True, separators=(",", ":"))


def subscription(text: str, services: Collection[str] | None = None) -> Subscription:
    """Return the subscription that a browser gave as JSON.

    Parameters
    ----------
    services
        Hosts of push services, with what lies below; ``None``: any.

    Raises
    ------
    ValueError
        It is none, or its push service is not among those that are known.
    """
    try:
        given = json.loads(text)
        endpoint, keys = str(given["endpoint"]), given["keys"]
        found = Subscription(endpoint, str(keys["p256dh"]), str(keys["auth"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError("is not the subscription of a browser: endpoint and keys are missing") from None
    if len(text) > 4096 or not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
        raise ValueError("is not the subscription of a browser: its endpoint is no address")
    if not _KEY.fullmatch(found.p256dh) or not _KEY.fullmatch(found.auth):
        raise ValueError("is not the subscription of a browser: its keys are none")
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("is not the subscription of a browser: its endpoint is no address") from None
    named = {host, f"{host}:{port}"}
    if parts.scheme != "https" or not host or parts.username is not None:
        raise ValueError("is not the subscription of a browser: its endpoint is no https address")
    if services is not None and not any(service in named or host.endswith(f".{service}") for service in services):
        raise ValueError(f"has the push service {host!r}, which is none of {', '.join(services)}")
    return found


def new_key(path: Path) -> str:
    """Write a new private key to a file that only its owner reads, and return its public key for browsers.

    Raises
    ------
    SettingsError
        There is such a file: browsers know the key in it, and none would take another's messages.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    private_keys.write_new(path, key)
    return _public(key)


def public_key(path: Path) -> str:
    """Return the public key of a key file as browsers want it: base64url of the uncompressed point.

    Raises
    ------
    SettingsError
        The file is missing or holds no such key, or others may read it.
    """
    return _public(private_key(path))


def private_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Return the private key of a key file.

    Raises
    ------
    SettingsError
        The file is missing or holds no such key, or others may read it.
    """
    where = f"{path} (QUANTRAC_VAPID_KEY_FILE)"
    key = private_keys.read(path, where, "quantrac oncall vapid")
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise SettingsError(f"{where} holds no key of the curve P-256. `quantrac oncall vapid` makes one.")
    return key


def _public(key: ec.EllipticCurvePrivateKey) -> str:
    point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()
