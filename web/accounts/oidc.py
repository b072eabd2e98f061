"""Single sign-on by OpenID Connect: the code flow with PKCE, and an ID token whose every claim is checked.

Sources: OpenID Connect Core 1.0, 3.1 and 5.3 (UserInfo); RFC 7636 (PKCE); RFC 9207 (the issuer in the answer);
RFC 6749, 2.3.1 (the client's name and secret).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock, Semaphore
from typing import Any, NamedTuple
from urllib.parse import quote_plus

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests.auth import HTTPBasicAuth

from web.options import OidcOptions
from web.tokens import new_token

ALGORITHMS = ["RS256", "ES256", "PS256"]
"""Never ``none``, and never one with a shared secret."""
BASIC = "client_secret_basic"
PATIENCE_S = 10.0
LEEWAY_S = 60
"""How far the issuer's clock may be off ours."""
KEPT_S = 3600.0
"""Address book and keys of the issuer are asked for again after this time, keys also when one is unknown."""
AT_ONCE = 8
"""Sign-ons that wait for the issuer: while it is frozen, the page's other threads (some forty) serve all others."""
TURN_S = 1.0
"""So long another sign-on waits for its turn."""
SILENT_S = 10.0
"""An issuer that did not answer is asked again after this time."""
LONGEST_ERROR = 200
"""Characters of an error of the issuer that go to the log."""


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

    issuer: str
    subject: str
    login: str


class _Issuer(NamedTuple):
    """What an issuer says of itself."""

    asked_s: float
    book: dict[str, Any]
    keys: dict[str, Any]


class Oidc:
    """The issuer. Every method raises ``OidcError``."""

    def __init__(self, options: OidcOptions, back: str) -> None:
        self._options, self._back = options, back
        self._verify = True if options.ca_file is None else str(options.ca_file)
        self._asking, self._turns = Lock(), Semaphore(AT_ONCE)
        self._known: _Issuer | None = None
        self._silent_until_s = 0.0

    def begin(self) -> tuple[str, Begun]:
        """Return where to send the browser, and what it keeps meanwhile."""
        begun = Begun(new_token(), new_token(), new_token() + new_token())
        issuer = self._issuer()
        with self._client() as client:
            url, _ = client.create_authorization_url(
                issuer.book["authorization_endpoint"],
                state=begun.state,
                nonce=begun.nonce,
                code_verifier=begun.verifier,
            )
        return str(url), begun

    def end(self, begun: Begun, answer: Mapping[str, str]) -> Claims:
        """Exchange the code of the issuer's answer, the query of the browser's way back, and return whose it is."""
        issuer = self._issuer()
        _require_code_of(issuer.book, answer)
        with self._turn():
            token = self._token(issuer, begun, answer["code"])
            signed = token.get("id_token")
            if not isinstance(signed, str):
                raise OidcError("the issuer's answer has no ID token")
            try:
                claims = self._checked(signed, issuer, begun.nonce)
            except OidcError:
                issuer = self._issuer(other_than=issuer)  # keys change: once more with those of now
                claims = self._checked(signed, issuer, begun.nonce)
            if self._options.login_claim not in claims:
                claims = self._user_info(issuer, str(token.get("access_token", "")), claims["sub"]) | claims
        return Claims(self._options.issuer, str(claims["sub"]), self._login(claims))

    def _token(self, issuer: _Issuer, begun: Begun, code: str) -> dict[str, Any]:
        try:
            with self._client() as client:
                token: dict[str, Any] = client.fetch_token(
                    issuer.book["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=begun.verifier,
                    timeout=PATIENCE_S,
                    auth=self._basic(issuer),
                    verify=self._verify,
                )
        except (requests.RequestException, AuthlibBaseError, ValueError, KeyError) as exc:
            raise OidcError(f"the issuer gave no token: {exc}") from exc
        return token

    def _checked(self, token: str, issuer: _Issuer, nonce: str) -> dict[str, Any]:
        registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": issuer.book["issuer"]},
            sub={"essential": True},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            keys = KeySet.import_key_set(issuer.keys)  # type: ignore[arg-type]
            claims: dict[str, Any] = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
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
        return claims

    def _user_info(self, issuer: _Issuer, access_token: str, subject: object) -> dict[str, Any]:
        """Return what the issuer tells of a subject apart from the ID token, as most do (Core 5.4)."""
        address = issuer.book.get("userinfo_endpoint")
        if not isinstance(address, str):
            return {}
        try:
            told = self._document(address, Authorization=f"Bearer {access_token}")
        except (requests.RequestException, ValueError, TypeError) as exc:
            raise OidcError(f"the issuer does not say who {subject} is: {exc}") from exc
        if told.get("sub") != subject:
            raise OidcError("the issuer's UserInfo is somebody else's")
        return told

    def _login(self, claims: Mapping[str, Any]) -> str:
        """Return which account the issuer names; an address that it has not verified names none."""
        claim = self._options.login_claim
        login = claims.get(claim)
        if not isinstance(login, str) or (claim == "email" and claims.get("email_verified") is not True):
            return ""
        return login.lower()

    def _client(self) -> OAuth2Session:
        return OAuth2Session(
            self._options.client_id,
            self._options.client_secret,
            token_endpoint_auth_method="client_secret_post" if self._options.client_secret else "none",
            scope="openid profile email" if self._options.login_claim == "email" else "openid profile",
            redirect_uri=self._back,
            code_challenge_method="S256",
        )

    def _basic(self, issuer: _Issuer) -> HTTPBasicAuth | None:
        """Return the client's name and secret as a Basic login; ``None`` where there is no secret, or it takes none."""
        taken = issuer.book.get("token_endpoint_auth_methods_supported", [BASIC])
        if not self._options.client_secret or BASIC not in taken:
            return None
        return HTTPBasicAuth(quote_plus(self._options.client_id), quote_plus(self._options.client_secret))

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=TURN_S):
            raise OidcError("too many sign-ons wait for the issuer")
        try:
            yield
        finally:
            self._turns.release()

    def _issuer(self, *, other_than: _Issuer | None = None) -> _Issuer:
        """Return the issuer's address book and its keys; one asks for them, and others wait a moment for the answer."""
        known = self._known
        if known is not None and known is not other_than and time.monotonic() - known.asked_s < KEPT_S:
            return known
        if not self._asking.acquire(timeout=TURN_S):
            raise OidcError(f"the issuer {self._options.issuer} does not answer: another sign-on asks it")
        try:
            if self._known is None or self._known is known:
                self._known = self._asked()
            return self._known
        finally:
            self._asking.release()

    def _asked(self) -> _Issuer:
        name = self._options.issuer.rstrip("/")
        if time.monotonic() < self._silent_until_s:
            raise OidcError(f"the issuer {name} did not answer a moment ago")
        try:
            address = name + "/.well-known/openid-configuration"
            book = self._document(address)
            if str(book.get("issuer")).rstrip("/") != name:
                raise OidcError(f"{address} is another issuer's")
            return _Issuer(time.monotonic(), book, self._document(book["jwks_uri"]))
        except (requests.RequestException, ValueError, KeyError, TypeError) as exc:
            self._silent_until_s = time.monotonic() + SILENT_S
            raise OidcError(f"the issuer {name} does not answer: {exc}") from exc

    def _document(self, url: str, **headers: str) -> dict[str, Any]:
        answer = requests.get(url, headers=headers, timeout=PATIENCE_S, verify=self._verify)
        answer.raise_for_status()
        content = answer.json()
        if not isinstance(content, dict):
            raise TypeError(f"{url} is no JSON object")
        return content


def _require_code_of(book: Mapping[str, Any], answer: Mapping[str, str]) -> None:
    """Raise unless this issuer has answered, and with a code (RFC 9207; Core 3.1.2.6)."""
    issuer = answer.get("iss")
    if issuer is None and book.get("authorization_response_iss_parameter_supported") is True:
        raise OidcError("the answer does not say which issuer it is of")
    if issuer not in {None, book["issuer"]}:
        raise OidcError(f"another issuer has answered: {issuer[:LONGEST_ERROR]!r}")
    if not answer.get("code"):
        why = f"{answer.get('error', 'no code')}: {answer.get('error_description', '')}"
        raise OidcError(f"the issuer lets nobody in: {why[:LONGEST_ERROR]}")
