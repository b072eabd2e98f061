"""The secret of a second factor as a telephone reads it."""

from __future__ import annotations

import pyotp
import segno

ISSUER = "quantrac"


def address(secret: str, login: str) -> str:
    """Return the ``otpauth`` address of a secret.

    >>> address("A" * 32, "an")
    'otpauth://totp/quantrac:an?secret=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&issuer=quantrac'
    """
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def picture(secret: str, login: str) -> str:
    """Return a QR code as an SVG document without any style of its own."""
    return segno.make(address(secret, login), error="m").svg_inline(scale=4, border=2, dark="#000", light="#fff")
