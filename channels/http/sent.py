"""What a client sends: a noun of the API, whose unknown fields are refused."""

from typing import Annotated

from pydantic import ConfigDict, Field

from twin.nouns.base import Noun


class Sent(Noun):
    """The body of a request."""

    # FastAPI builds it when a route is made, and pydantic complains of one that is put off.
    model_config = ConfigDict(defer_build=False)


Text = Annotated[str, Field(max_length=4000)]
Name = Annotated[str, Field(max_length=200)]

Moment = Annotated[float, Field(ge=0, le=32_503_680_000)]
"""Unix seconds, until the year 3000."""
