"""A small OpenID Connect issuer of our own, over HTTP: what it says can be made wrong in each way."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from web.options import WebOptions
from web.server import listen

CLIENT, SECRET = "quantrac", "hush+ %2F:é"


@dataclass
class Issuer:
    """Whom it names, and what is wrong with its next token."""

    url: str = ""
    subject: str = "s-1"
    username: str = "an"
    wrong: dict[str, Any] = field(default_factory=dict)
    forged: bool = False
    apart: bool = False
    """Who it is stands in UserInfo alone, as Core 5.4 has it for a profile's claims."""
    info: dict[str, Any] = field(default_factory=dict)
    """What is wrong with UserInfo."""
    book: dict[str, Any] = field(default_factory=dict)
    """What is otherwise in its address book."""
    back: dict[str, str] = field(default_factory=dict)
    """What is otherwise in its answer to the browser."""
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, parameters={"kid": "k1"}))

    async def addresses(self, _: Request) -> Response:
        return JSONResponse({
            "issuer": self.url, "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token", "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/me",
        } | self.book)  # fmt: skip

    async def keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def authorize(self, request: Request) -> Response:
        query = dict(request.query_params)
        code = f"code-{len(self.asked)}"
        self.asked[code] = query
        answer = urlencode({"code": code, "state": query["state"]} | self.back)
        return RedirectResponse(f"{query['redirect_uri']}?{answer}", 302)

    async def token(self, request: Request) -> Response:
        form = await request.form()
        query = self.asked.pop(str(form["code"]), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(str(form["code_verifier"]).encode()).digest()).decode()
        if (
            query is None
            or self._who(request.headers.get("authorization"), form) != (CLIENT, SECRET)
            or query["code_challenge"] != challenge.rstrip("=")
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.url, "sub": self.subject, "aud": CLIENT, "iat": now, "exp": now + 300,
                  "nonce": query["nonce"]} | ({} if self.apart else self._profile()) | self.wrong  # fmt: skip
        key = RSAKey.generate_key(2048, parameters={"kid": "k1"}) if self.forged else self.key
        token = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, key)
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": token})

    async def me(self, request: Request) -> Response:
        if request.headers.get("authorization") != "Bearer x":
            return JSONResponse({"error": "invalid_token"}, 401)
        return JSONResponse({"sub": self.subject} | self._profile() | self.info)

    def _profile(self) -> dict[str, str]:
        return {"preferred_username": self.username}

    def _who(self, basic: str | None, form: FormData) -> tuple[str, str]:
        """Return who asks for a token: by Basic, decoded as RFC 6749, 2.3.1 says, or by the form."""
        if "client_secret_post" in self.book.get("token_endpoint_auth_methods_supported", ()):
            return str(form.get("client_id")), str(form.get("client_secret"))
        name, _, secret = base64.b64decode((basic or "").removeprefix("Basic ")).decode().partition(":")
        return unquote_plus(name), unquote_plus(secret)


@contextmanager
def issuing(scripts: Any) -> Iterator[Issuer]:
    """Run an issuer on a port of its own."""
    issuer = Issuer()
    listener, options = listen(WebOptions(scripts=scripts))
    issuer.url = options.origin
    routes = [
        Route("/.well-known/openid-configuration", issuer.addresses),
        Route("/keys", issuer.keys),
        Route("/authorize", issuer.authorize),
        Route("/token", issuer.token, methods=["POST"]),
        Route("/me", issuer.me),
    ]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield issuer
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()
