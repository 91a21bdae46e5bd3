"""An OpenID provider in a process of its own, which can be told to lie about one thing.

`python -m tests.channels.http.oidc_provider` prints its port. It keeps to the protocol (codes that
are used once, PKCE with S256, the redirect that was asked for) unless a lie is set at /lie.
"""

import base64
import hashlib
import hmac
import json
import secrets
import socket
import time
from typing import Annotated, Any
from urllib.parse import urlencode

import uvicorn
from fastapi import FastAPI, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "noctua-test"
app = FastAPI()


class Provider:
    """What it knows: keys, codes that were given out, who signs in, and which lie it tells."""

    def __init__(self) -> None:
        self.issuer = ""
        self.keys = [RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})]
        self.codes: dict[str, dict[str, str]] = {}
        self.claims: dict[str, Any] = {"sub": "u-1", "name": "Erin Doe", "groups": ["noc"]}
        self.lie = ""


provider = Provider()


@app.get("/.well-known/openid-configuration")
def metadata() -> dict[str, Any]:
    """Where everything is."""
    algorithms = ["RS256", "none", "HS256"] if provider.lie in ("none", "hs256") else ["RS256"]
    issuer = "https://evil.example" if provider.lie == "metadata" else provider.issuer
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{provider.issuer}/authorize",
        "token_endpoint": f"{provider.issuer}/token",
        "jwks_uri": f"{provider.issuer}/jwks",
        "id_token_signing_alg_values_supported": algorithms,
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
    }


@app.get("/jwks")
def jwks() -> dict[str, Any]:
    """The keys of now."""
    return {"keys": [key.as_dict(private=False) for key in provider.keys]}


@app.get("/authorize")
def authorize(request: Request) -> RedirectResponse:
    """Whoever comes is signed in, and sent back with a code."""
    asked = dict(request.query_params)
    assert asked["code_challenge_method"] == "S256"
    code = secrets.token_urlsafe(16)
    provider.codes[code] = asked
    query = urlencode({"code": code, "state": asked["state"]})
    return RedirectResponse(f"{asked['redirect_uri']}?{query}", status_code=302)


@app.post("/token")
def token(
    code: Annotated[str, Form()],
    code_verifier: Annotated[str, Form()] = "",
    redirect_uri: Annotated[str, Form()] = "",
) -> JSONResponse:
    """An ID token for a code, once."""
    asked = provider.codes.pop(code, None)
    digest = hashlib.sha256(code_verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    if asked is None or asked["code_challenge"] != challenge:
        return JSONResponse({"error": "invalid_grant"}, status_code=400)
    if asked["redirect_uri"] != redirect_uri:
        return JSONResponse({"error": "invalid_grant"}, status_code=400)
    told: dict[str, Any] = {"access_token": "a", "token_type": "Bearer", "expires_in": 60}
    if provider.lie != "no_id_token":
        told["id_token"] = _id_token(asked)
    return JSONResponse(told)


def _id_token(asked: dict[str, str]) -> str:
    now_s, lie = int(time.time()), provider.lie
    claims = {
        **provider.claims,
        "iss": "https://evil.example" if lie == "issuer" else provider.issuer,
        "aud": "another-client" if lie == "audience" else CLIENT,
        "nonce": "another" if lie == "nonce" else asked["nonce"],
        "iat": now_s,
        "exp": now_s - 3600 if lie == "expired" else now_s + 300,
    }
    if lie == "two_audiences":
        claims["aud"], claims["azp"] = [CLIENT, "another-client"], "another-client"
    if lie == "not_yet":
        claims["nbf"] = now_s + 3600
    if lie in ("no_nonce", "no_subject", "no_expiry"):
        del claims[{"no_nonce": "nonce", "no_subject": "sub", "no_expiry": "exp"}[lie]]
    if lie == "none":
        return _unsigned(claims)
    if lie == "hs256":
        return _signed_with_the_public_key(claims)
    key = provider.keys[0]
    if lie == "foreign_key":
        key = RSAKey.generate_key(2048, {"kid": "first"})
    made = str(jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key))
    if lie == "tampered":
        head, body, signature = made.split(".")
        forged = base64.urlsafe_b64decode(body + "==").replace(b'"u-1"', b'"u-2"')
        made = f"{head}.{base64.urlsafe_b64encode(forged).rstrip(b'=').decode()}.{signature}"
    return made


def _unsigned(claims: dict[str, Any]) -> str:
    return f"{_part({'alg': 'none'})}.{_part(claims)}."


def _signed_with_the_public_key(claims: dict[str, Any]) -> str:
    """As a client accepts it that takes the key for a secret."""
    body = f"{_part({'alg': 'HS256', 'kid': provider.keys[0].kid})}.{_part(claims)}"
    key = provider.keys[0].as_pem(private=False)
    made = hmac.new(key, body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@app.post("/lie/{name}")
def lie(name: str) -> None:
    """What it lies about from now on; "honest" for nothing."""
    provider.lie = "" if name == "honest" else name


@app.post("/rotate")
def rotate() -> None:
    """Another key from now on, and the old one is gone."""
    kid = secrets.token_hex(4)
    provider.keys = [RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})]


@app.post("/claims")
def set_claims(claims: dict[str, Any]) -> None:
    """Who signs in from now on."""
    provider.claims = claims


def main() -> None:
    """Serve on a free port of the loopback, and say which."""
    bound = socket.create_server(("127.0.0.1", 0))
    provider.issuer = f"http://127.0.0.1:{bound.getsockname()[1]}"
    print(provider.issuer, flush=True)
    config = uvicorn.Config(app, log_level="error", access_log=False)
    uvicorn.Server(config).run(sockets=[bound])


if __name__ == "__main__":
    main()
