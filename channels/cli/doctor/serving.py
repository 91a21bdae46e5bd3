"""What `doctor` checks of serving: who could sign in, where it is bound, which chats are beside."""

import os
from collections.abc import Iterator
from importlib.util import find_spec

from channels.access.passwords import INSTALL
from channels.cli.doctor.check import Check, Installation
from channels.http.settings import ServeSettings, load_serve_settings
from channels.slack.settings import load_slack, secret
from channels.teams.settings import app_secret, load_teams
from graphs.state_directory import StateDirectory
from tools.journal.journal import Journal
from twin.errors import BadInput, installing
from twin.nouns.counted import counted

NAME = "serving"

ENDS_SOON_S = 3 * 86_400.0
"""A program's token that ends so soon is worth a word."""

_SET_IT = "set it where `noctua serve` is started; from here it cannot be looked at"


def serving(installation: Installation) -> Iterator[Check]:
    """Whether `noctua serve` would start as it is set up, and for whom."""
    state, journal = installation.state, installation.journal
    if not state.serve_file.exists() and not (journal and journal.has_accounts()):
        yield _ok(f"nobody is served: no {state.serve_file.name}, and nobody has an account")
        return
    settings = load_serve_settings(state.serve_file)
    if find_spec("fastapi") is None:
        yield _failed("the packages that it needs are not installed", INSTALL)
    yield _accounts(journal)
    if journal:
        yield from _tokens(journal, installation.now_s)
    yield _bound(settings)
    yield from _providers(settings)
    for name, how in settings.chats.items():
        yield _chat(state, settings, name, how)


def _accounts(journal: Journal | None) -> Check:
    known = journal.accounts() if journal else ()
    living = [account for account in known if account.ended_wall_s is None]
    if not any(account.may("administer") for account in living):
        remedy = "noctua accounts add NAME --role admin --password"
        return _warning("nobody could sign in: there is no admin", remedy)
    approvers = sum(account.may("approve") for account in living)
    return _ok(f"{counted(len(living), 'account')}, of which {approvers} may approve")


def _tokens(journal: Journal, now_s: float) -> Iterator[Check]:
    """The tokens of programs, which stop without anybody there."""
    tokens = [t for a in journal.accounts() for t in journal.tokens(a.id) if t.kind == "api"]
    for token in tokens:
        if 0 < token.expires_wall_s - now_s < ENDS_SOON_S:
            days = (token.expires_wall_s - now_s) / 86_400.0
            yield _warning(
                f'the token "{token.label}" of {token.account} ends in {days:.1f} days',
                f"noctua accounts token {token.account} --label ...",
            )
    holding = sum(token.expires_wall_s > now_s for token in tokens)
    yield _ok(f"tokens of programs that hold: {holding}")


def _bound(settings: ServeSettings) -> Check:
    at = f"{settings.host} port {settings.port}"
    if not settings.is_local and not settings.is_secure:
        return _warning(
            f"{at} is more than this machine, and passwords and tokens go there in the clear",
            "bind it to 127.0.0.1 behind a proxy with TLS, and set public_url: https://...",
        )
    if not settings.is_secure:
        return _ok(f"{at}, this machine alone; cookies are not Secure, since there is no https")
    if settings.is_local and not settings.proxies:
        return _warning(
            f"{at}, called {settings.public_url}: every request seems to come from the proxy, "
            "so that all people share one limit of sign-ins",
            "name the proxy's address: proxies: [127.0.0.1]",
        )
    return _ok(f"{at}, called {settings.public_url}; cookies are Secure")


def _providers(settings: ServeSettings) -> Iterator[Check]:
    for provider in settings.oidc:
        name = provider.client_secret_env
        if name and not os.environ.get(name):
            yield _warning(f"oidc {provider.id}: the environment has no {name}", _SET_IT)
        else:
            yield _ok(f"oidc {provider.id}: {provider.issuer}")


def _chat(state: StateDirectory, settings: ServeSettings, name: str, how: str) -> Check:
    """Whether a chat that is spoken with from there is set up as a whole."""
    package = "slack_bolt" if name == "slack" else "jwt"
    if find_spec(package) is None:
        return _failed(f"{name}: the packages that it needs are not installed", installing(name))
    try:
        wanted = _slack(state, how) if name == "slack" else _teams(state)
    except BadInput as error:
        return _failed(f"{name}: {error}", "")
    if wanted:
        return _warning(f"{name}: the environment has no {' and no '.join(wanted)}", _SET_IT)
    if how == "http" and not settings.is_secure:
        return _warning(
            f"{name} posts to a public https address, and serve.yaml names none",
            "set public_url: https://..., or for Slack `chats: {slack: socket}`",
        )
    return _ok(f"{name}: set up, by {how}")


def _slack(state: StateDirectory, how: str) -> list[str]:
    """The secrets that are not there. Raises BadInput: what there is cannot be used."""
    found = load_slack(state.slack_file)
    other = (
        (found.app_token_env, "xapp-", "the app-level token")
        if how == "socket"
        else (found.signing_secret_env, "", "the signing secret")
    )
    named = ((found.bot_token_env, "xoxb-", "the bot token"), other)
    for name, prefix, where in named:
        if os.environ.get(name):
            secret(os.environ, name, prefix, where)
    return [name for name, _, _ in named if not os.environ.get(name)]


def _teams(state: StateDirectory) -> list[str]:
    """As `_slack`."""
    found = load_teams(state.teams_file)
    if not os.environ.get(found.app_secret_env):
        return [found.app_secret_env]
    app_secret(found, os.environ)
    return []


def _ok(found: str) -> Check:
    return Check(name=NAME, state="ok", found=found)


def _warning(found: str, remedy: str) -> Check:
    return Check(name=NAME, state="warning", found=found, remedy=remedy)


def _failed(found: str, remedy: str) -> Check:
    return Check(name=NAME, state="failed", found=found, remedy=remedy)
