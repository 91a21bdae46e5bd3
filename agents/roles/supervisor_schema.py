"""The supervisor's choice, as a schema built from the transitions that are legal now."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, create_model

from agents.roles.wording import Wording
from twin.errors import BadInput
from twin.nouns.base import Noun


def choice_schema(roles: Sequence[str]) -> type[BaseModel]:
    """A model with `next` (one of `roles`) and `reason`. Raises BadInput if there is no role."""
    if not roles:
        raise BadInput("the supervisor has no legal role to choose from")
    one_of_them: Any = Literal[tuple(roles)]
    return create_model("Choice", __base__=Noun, next=(one_of_them, ...), reason=(Wording, ...))
