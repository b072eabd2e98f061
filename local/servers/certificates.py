"""A certificate authority of the run folder, and the one server certificate that all local servers show."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from local.servers.files import locked, write_private


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files of the run folder: the authority that clients trust, and the servers' certificate chain and key."""

    ca: Path
    chain: Path
    key: Path
    keystore: Path
    """Key and chain in one file, as Kafka wants them."""


def certificates(run_dir: Path) -> Certificates:
    """Return the run folder's certificates, made when they are missing.

    The authority's own key is never written: nobody can sign a second certificate with it, so it is safe to trust.
    """
    folder = run_dir / "tls"
    made = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key", folder / "server-keystore.pem")
    with locked(run_dir / ".tls.lock"):
        if not made.ca.exists():
            _make(made)
    return made


def _make(wanted: Certificates) -> None:
    import trustme

    authority = trustme.CA(organization_name="quantrac local servers")
    leaf = authority.issue_cert("127.0.0.1", "::1", "localhost")
    chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems).decode()
    key = leaf.private_key_pem.bytes().decode()
    write_private(wanted.chain, chain)
    write_private(wanted.key, key)
    write_private(wanted.keystore, _as_pkcs8(key) + chain)
    # The authority comes last: its presence says that the rest is complete.
    write_private(wanted.ca, authority.cert_pem.bytes().decode())
    os.chmod(wanted.ca, 0o644)


def _as_pkcs8(key: str) -> str:
    """Return the private key in the PKCS#8 form, the only one that Kafka reads."""
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )

    private = load_pem_private_key(key.encode(), password=None)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
