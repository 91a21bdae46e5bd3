"""Where things are, for whoever comes to the address itself."""

from fastapi import APIRouter

from channels.http.served import Serving
from twin.nouns.base import Noun

router = APIRouter(tags=["server"])


class Start(Noun):
    """`document`: of all that can be asked. `sign_in`: where people do, with a password or through
    each provider. `documentation`: the page of what is served.
    """

    name: str
    document: str
    health: str
    sign_in: tuple[str, ...]
    documentation: str


@router.get("/")
def start(served: Serving) -> Start:
    """Where things are; it needs no sign-in."""
    providers = (f"/session/oidc/{one.id}" for one in served.settings.oidc)
    return Start(
        name="Noctua",
        document="/openapi.json",
        health="/health",
        sign_in=("/session", *providers),
        documentation="docs/serve.md",
    )
