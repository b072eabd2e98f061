"""Files of private keys: made once, never replaced, read by their owner alone."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from quantrac.errors import SettingsError

CONTAINER_SECRETS = Path("/run/secrets")
"""There a container has its secrets. Who may read the file on the host is not seen from inside."""


def write_new(path: Path, key: PrivateKeyTypes) -> None:
    """Write a private key (PEM) to a file that only its owner reads.

    Raises
    ------
    SettingsError
        It cannot be written; a file that exists is never replaced.
    """
    written = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(written)
    except OSError as exc:
        raise SettingsError(f"{path} cannot be written: {exc.strerror}. A key that exists is never replaced.") from exc


def read(path: Path, where: str, maker: str) -> PrivateKeyTypes:
    """Return the private key of a file; ``where`` and the command that makes one, ``maker``, are for the messages.

    Raises
    ------
    SettingsError
        The file is missing or holds no private key, or others may read it.
    """
    try:
        if path.parent != CONTAINER_SECRETS and path.stat().st_mode & 0o077:
            raise SettingsError(f"{where} holds a private key and others may read it: chmod 600 {path}")
        return serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as exc:
        raise SettingsError(f"{where} cannot be read: {exc}. `{maker}` makes one.") from exc
