"""The OpenAPI document: what FastAPI makes of the routes, and the problems that each may answer."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from channels.http.problems import Problem

STATUSES = {
    "400": "What was sent cannot be used; the detail says what can.",
    "401": "Nobody has signed in.",
    "403": "Who has signed in may not do that.",
    "404": "There is no such thing.",
    "409": "A rule refuses it, or somebody else's answer holds.",
    "413": "The request is too large.",
    "421": "The server is called by another name.",
    "422": "What was sent is not as this document describes it.",
    "429": "Too many requests; Retry-After says when to come again.",
    "503": "The network, the journal or an identity provider does not answer.",
}
"""What a request may be answered besides what it asks for."""

PROBLEM = "application/problem+json"
_REF = {"$ref": "#/components/schemas/Problem"}


def describe(app: FastAPI) -> None:
    """Have the document of `app` name the problems, too."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_problems(
                get_openapi(
                    title=app.title,
                    version=app.version,
                    summary=app.summary,
                    routes=app.routes,
                    servers=[{"url": app.state.served.settings.public_url or "/"}],
                )
            )
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way.


def _with_problems(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema(mode="serialization")
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path in document["paths"].values():
        for operation in path.values():
            responses = operation["responses"]
            responses.pop("422", None)
            _say_as_3_1(responses)
            for status, told in STATUSES.items():
                known = responses.setdefault(status, {"description": told})
                known.setdefault("content", {})[PROBLEM] = {"schema": _REF}
    return document


def _say_as_3_1(responses: dict[str, Any]) -> None:
    """FastAPI describes a stream's events with a keyword of 3.2, which no reader of 3.1 knows."""
    for response in responses.values():
        for media in response.get("content", {}).values():
            if media.pop("itemSchema", None) is not None:
                media["schema"] = {"type": "string"}
