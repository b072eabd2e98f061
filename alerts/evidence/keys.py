"""The key that seals evidence (ed25519), and the short form in which its public half is compared."""

from __future__ import annotations

import base64
import binascii
import hashlib
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from alerts import private_keys
from quantrac.errors import SettingsError


def new_key(path: Path) -> str:
    """Write a new private key to a file that only its owner reads, and return its public key.

    Raises
    ------
    SettingsError
        There is such a file: what was sealed with the key in it could not be told from what others seal.
    """
    key = Ed25519PrivateKey.generate()
    private_keys.write_new(path, key)
    return public_text(key.public_key())


def load_key(path: Path) -> Ed25519PrivateKey:
    """Return the private key of a file.

    Raises
    ------
    SettingsError
        The file is missing or holds no such key, or others may read it.
    """
    where = f"{path} (QUANTRAC_EVIDENCE_KEY_FILE)"
    key = private_keys.read(path, where, "quantrac evidence key")
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError(f"{where} holds no ed25519 key. `quantrac evidence key` makes one.")
    return key


def public_text(key: Ed25519PublicKey) -> str:
    """Return a public key as text: base64 of its 32 bytes."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return base64.b64encode(raw).decode()


def public_key(text: str) -> Ed25519PublicKey:
    """Return the public key of its text.

    Raises
    ------
    ValueError
        It is none.
    """
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text.strip(), validate=True))
    except (binascii.Error, ValueError) as exc:
        raise ValueError("is no ed25519 public key (base64 of 32 bytes)") from exc


def fingerprint(text: str) -> str:
    """Return what people compare by telephone: the first 8 bytes of the SHA-256 of the key's text, in pairs.

    >>> fingerprint("AAAA")
    '63c1 dd95 1ffe df6f'
    """
    digest = hashlib.sha256(text.strip().encode()).hexdigest()[:16]
    return " ".join(digest[i : i + 4] for i in range(0, 16, 4))
