"""Single sign-on by OpenID Connect: the code flow with PKCE, and an ID token whose every claim is checked.

Sources: OpenID Connect Core 1.0, 3.1; RFC 7636 (PKCE); RFC 9207 (the issuer in the answer).
"""

from __future__ import annotations

import time
from threading import Lock
from typing import Any, NamedTuple

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from web.options import OidcOptions
from web.tokens import new_token

ALGORITHMS = ["RS256", "ES256", "PS256"]
"""Never ``none``, and never one with a shared secret."""
PATIENCE_S = 10.0
LEEWAY_S = 60
"""How far the issuer's clock may be off ours."""
KEPT_S = 3600.0
"""Address book and keys of the issuer are asked for again after this time, keys also when one is unknown."""


class OidcError(Exception):
    """The issuer does not answer, or what it says does not hold; the message goes to the log."""


class Begun(NamedTuple):
    """A sign-on that has begun: what the browser keeps until it comes back."""

    state: str
    nonce: str
    verifier: str

    def as_cookie(self) -> str:
        """Return it as a cookie's value."""
        return ".".join(self)

    @classmethod
    def of_cookie(cls, value: str) -> Begun | None:
        """Return what a cookie holds; ``None`` when it is none of ours."""
        parts = value.split(".")
        return cls(*parts) if len(parts) == 3 and all(len(p) >= 32 for p in parts) else None


class Claims(NamedTuple):
    """Who has signed on, as the issuer says."""

    subject: str
    login: str


class Oidc:
    """The issuer. Every method raises ``OidcError``."""

    def __init__(self, options: OidcOptions, back: str) -> None:
        self._options, self._back = options, back
        self._lock = Lock()
        self._known: tuple[float, dict[str, Any], dict[str, Any]] | None = None

    def begin(self) -> tuple[str, Begun]:
        """Return where to send the browser, and what it keeps meanwhile."""
        begun = Begun(new_token(), new_token(), new_token() + new_token())
        metadata, _ = self._issuer()
        with self._client() as client:
            url, _ = client.create_authorization_url(
                metadata["authorization_endpoint"], state=begun.state, nonce=begun.nonce, code_verifier=begun.verifier
            )
        return str(url), begun

    def end(self, begun: Begun, code: str) -> Claims:
        """Exchange the code for an ID token and return whose it is."""
        metadata, keys = self._issuer()
        try:
            with self._client() as client:
                answer = client.fetch_token(
                    metadata["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=begun.verifier,
                    timeout=PATIENCE_S,
                )
        except (requests.RequestException, AuthlibBaseError, ValueError) as exc:
            raise OidcError(f"the issuer gave no token: {exc}") from exc
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise OidcError("the issuer's answer has no ID token")
        try:
            return self._checked(token, keys, begun.nonce)
        except OidcError:
            _, fresh = self._issuer(anew=True)  # keys change: once more with those of now
            return self._checked(token, fresh, begun.nonce)

    def _checked(self, token: str, keys: dict[str, Any], nonce: str) -> Claims:
        registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self._options.issuer},
            sub={"essential": True},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            claims = jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims  # type: ignore[arg-type]
            registry.validate(claims)
        except (JoseError, ValueError, KeyError, TypeError) as exc:
            raise OidcError(f"the ID token does not hold: {exc}") from exc
        audience = claims.get("aud")
        meant = audience if isinstance(audience, list) else [audience]
        if (
            self._options.client_id not in meant
            or claims.get("azp", self._options.client_id) != self._options.client_id
        ):
            raise OidcError("the ID token is meant for somebody else")
        login = claims.get(self._options.login_claim, "")
        return Claims(str(claims["sub"]), login.lower() if isinstance(login, str) else "")

    def _client(self) -> OAuth2Session:
        return OAuth2Session(
            self._options.client_id,
            self._options.client_secret,
            token_endpoint_auth_method="client_secret_basic" if self._options.client_secret else "none",
            scope="openid profile",
            redirect_uri=self._back,
            code_challenge_method="S256",
        )

    def _issuer(self, *, anew: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the issuer's address book and its keys."""
        with self._lock:
            if self._known is not None and not anew and time.monotonic() - self._known[0] < KEPT_S:
                return self._known[1:]
            try:
                book = self._options.issuer.rstrip("/") + "/.well-known/openid-configuration"
                metadata = _document(book)
                if metadata.get("issuer", "").rstrip("/") != self._options.issuer.rstrip("/"):
                    raise OidcError(f"{book} is another issuer's")
                keys = _document(metadata["jwks_uri"])
            except (requests.RequestException, ValueError, KeyError, AttributeError) as exc:
                raise OidcError(f"the issuer {self._options.issuer} does not answer: {exc}") from exc
            self._known = (time.monotonic(), metadata, keys)
            return metadata, keys


def _document(url: str) -> dict[str, Any]:
    answer = requests.get(url, timeout=PATIENCE_S)
    answer.raise_for_status()
    content: dict[str, Any] = answer.json()
    return content
