"""Signing in with an identity provider: OpenID Connect, authorization code flow with PKCE.

Authlib speaks the protocol. What is ours: issuer, audience, nonce and algorithm are always looked
at, whatever the provider's metadata say; a sign-in that was begun is ended once, by the same
browser; and who comes of it has an account, or a claim that gives it a role.
"""

import hashlib
import logging
import time
from collections.abc import Mapping
from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import OAuth, StarletteOAuth2App
from authlib.oidc.core import CodeIDToken
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from joserfc.errors import JoseError
from starlette.concurrency import run_in_threadpool

from channels.access.errors import NotSignedIn
from channels.access.sign_in import issue_token
from channels.http.served import Served, Serving
from channels.http.session import set_session
from channels.http.settings import OidcProvider, ServeSettings
from channels.http.who import address_of, require_rate
from twin.errors import BadInput, NetworkError
from twin.nouns.account import ROLES, Account, Identity, Role
from twin.nouns.principal import AUTOMATIC, HTTP, Principal

router = APIRouter(prefix="/session/oidc", tags=["session"])

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""Of signatures that are believed: never `none`, and never one with a secret both have."""

LEEWAY_S = 60
"""As far as the provider's clock may be from ours."""

BEGUN_S = 600.0
"""How long a sign-in that was begun may take."""

_MOST_BEGUN = 1000
_TIMEOUT_S = 10.0

_log = logging.getLogger(__name__)

_PROVISIONER = Principal(name="sign-in", provider=AUTOMATIC, channel=HTTP)


class _Client(StarletteOAuth2App):  # type: ignore[misc]  # Authlib has no types.
    """What Authlib knows of one provider, held to what our settings say of it."""

    provider: OidcProvider

    async def load_server_metadata(self) -> dict[str, Any]:
        """What the provider publishes about itself, without algorithms that prove nothing.

        Raises:
            OAuthError: it says to be another issuer than the one that is trusted.
        """
        metadata: dict[str, Any] = await super().load_server_metadata()
        if str(metadata.get("issuer", "")).rstrip("/") != self.provider.issuer:
            raise OAuthError("wrong_issuer", "its metadata name another issuer")
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [
            name for name in offered if name in ALGORITHMS
        ] or ["RS256"]
        return metadata


class _Begun:
    """Sign-ins that were begun: each is ended once. What Authlib calls a cache."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, str]] = {}

    async def set(self, key: str, value: str, expires_in: float) -> None:
        """Keep `value` for so many seconds, ten minutes at most; the oldest goes for it."""
        now_s = time.monotonic()
        self._kept = {k: v for k, v in self._kept.items() if v[0] > now_s}
        if len(self._kept) >= _MOST_BEGUN:
            del self._kept[min(self._kept, key=lambda k: self._kept[k][0])]
        self._kept[key] = (now_s + min(expires_in, BEGUN_S), value)

    async def get(self, key: str) -> str | None:
        """What was kept, None where nothing is any more."""
        until_s, value = self._kept.get(key, (0.0, ""))
        return value if until_s > time.monotonic() else None

    async def delete(self, key: str) -> None:
        """Forget it."""
        self._kept.pop(key, None)


class Providers:
    """The identity providers of one application."""

    def __init__(self, settings: ServeSettings, environ: Mapping[str, str]) -> None:
        self._oauth, self._settings = OAuth(cache=_Begun()), settings
        for one in settings.oidc:
            client = self._oauth.register(
                one.id,
                client_cls=_Client,
                client_id=one.client_id,
                client_secret=_secret(one, environ),
                server_metadata_url=f"{one.issuer}/.well-known/openid-configuration",
                client_kwargs={
                    "scope": " ".join(dict.fromkeys(["openid", *one.scope.split()])),
                    "code_challenge_method": "S256",
                    "timeout": _TIMEOUT_S,
                },
            )
            client.provider = one

    def client(self, provider_id: str) -> _Client:
        """What speaks to the provider of that id. Raises BadInput: there is none."""
        found: _Client | None = self._oauth.create_client(provider_id)
        if found is None:
            known = ", ".join(one.id for one in self._settings.oidc) or "none"
            raise BadInput(f'no identity provider "{provider_id}" is set (set are {known})')
        return found


def _secret(provider: OidcProvider, environ: Mapping[str, str]) -> str | None:
    """Raises BadInput: the environment lacks it."""
    if provider.client_secret_env is None:
        return None
    if secret := environ.get(provider.client_secret_env):
        return secret
    raise BadInput(
        f"serve.yaml: the environment has no {provider.client_secret_env}, which is to hold the "
        f"secret of this client at {provider.issuer}"
    )


def _providers(request: Request) -> Providers:
    providers = request.app.state.providers
    assert isinstance(providers, Providers)
    return providers


@router.get("/{provider_id}", status_code=302)
async def go_to_provider(request: Request, served: Serving, provider_id: str) -> Response:
    """Go to the identity provider, which sends the browser back to the callback."""
    require_rate(served, "sign_ins", address_of(request))
    client = _providers(request).client(provider_id)
    try:
        redirect: Response = await client.authorize_redirect(
            request, _callback(request, served, provider_id)
        )
    except Exception as error:
        raise _unreachable(provider_id, error) from error
    return redirect


@router.get("/{provider_id}/callback", status_code=303)
async def return_from_provider(request: Request, served: Serving, provider_id: str) -> Response:
    """Come back from the identity provider: sign in, or say why not."""
    require_rate(served, "sign_ins", address_of(request))
    client = _providers(request).client(provider_id)
    provider = client.provider
    claims = await _claims(request, provider, client)
    secret = await run_in_threadpool(_signed_in, served, provider, claims, address_of(request))
    response = RedirectResponse(request.url_for("get_session"), status_code=303)
    set_session(response, served, secret)
    return response


async def _claims(request: Request, provider: OidcProvider, client: "_Client") -> Mapping[str, Any]:
    """What the provider says of whoever came back. Raises NotSignedIn, NetworkError."""
    expected = {
        "iss": {"essential": True, "value": provider.issuer},
        "aud": {"essential": True, "value": provider.client_id},
        "sub": {"essential": True},
        "nonce": {"essential": True},
    }
    try:
        token = await client.authorize_access_token(
            request, claims_options=expected, claims_cls=CodeIDToken, leeway=LEEWAY_S
        )
    except (OAuthError, JoseError, ValueError, KeyError, TypeError) as error:
        _log.info("sign-in with %s refused: %r", provider.id, error)
        raise NotSignedIn(
            f"what {provider.id} says does not prove anybody ({error}); begin again at "
            f"/session/oidc/{provider.id}"
        ) from error
    except Exception as error:
        raise _unreachable(provider.id, error) from error
    claims = token.get("userinfo")
    if not claims or not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise NotSignedIn(f"{provider.id} did not say who signed in; it has to give an ID token")
    return dict(claims)


def _unreachable(provider_id: str, error: Exception) -> NetworkError:
    _log.warning("identity provider %s: %r", provider_id, error)
    return NetworkError(f"the identity provider {provider_id} does not answer as it should")


def _signed_in(
    served: Served, provider: OidcProvider, claims: Mapping[str, Any], address: str
) -> str:
    """The secret of a new session of whoever the claims prove. Raises NotSignedIn."""
    tenant = str(claims.get(provider.tenant_claim, "")) if provider.tenant_claim else ""
    identity = Identity(provider=provider.issuer, subject=claims["sub"], tenant=tenant)
    with served.directory.journal() as journal, journal.transaction():
        known, role = journal.account_of(identity), _role_of(provider, claims)
        if known is None or known.follows_claims:
            account = _provisioned(known, identity, claims, role)
            if account is not None and account != known:
                journal.put_account(account, _PROVISIONER, "account_provisioned")
        else:
            account = known
        if account is None or account.ended_wall_s is not None:
            raise NotSignedIn(
                f'"{claims["sub"]}" of {provider.issuer} is nobody here: an admin gives it an '
                "account (noctua accounts add), or the provider a group that has a role"
            )
        return issue_token(
            journal,
            account,
            identity,
            kind="session",
            label=address,
            for_s=served.settings.session_s,
            channel=HTTP,
        )


def _role_of(provider: OidcProvider, claims: Mapping[str, Any]) -> Role | None:
    """The highest role that a claim gives, None for none."""
    said = claims.get(provider.roles_claim) if provider.roles_claim else None
    values = said if isinstance(said, list) else [said]
    given = {
        provider.roles[value]
        for value in values
        if isinstance(value, str) and value in provider.roles
    }
    return max(given, key=ROLES.index, default=None)


def _provisioned(
    known: Account | None, identity: Identity, claims: Mapping[str, Any], role: Role | None
) -> Account | None:
    """The account of somebody whose role the provider says; None where it says none."""
    if role is None:
        return None
    named = str(claims.get("name") or claims.get("preferred_username") or claims["sub"])[:128]
    who = "\n".join((identity.provider, identity.tenant, identity.subject))
    return Account(
        id=known.id if known else f"oidc-{hashlib.sha256(who.encode()).hexdigest()[:20]}",
        name=named,
        role=role,
        identities=(identity,),
        follows_claims=True,
        ended_wall_s=known.ended_wall_s if known else None,
    )


def _callback(request: Request, served: Served, provider_id: str) -> str:
    """Where the provider sends the browser back to."""
    path = request.app.url_path_for("return_from_provider", provider_id=provider_id)
    base = served.settings.public_url or str(request.base_url).rstrip("/")
    return f"{base}{path}"
