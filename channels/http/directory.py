"""The state directory that a request is about."""

from typing import Annotated

from fastapi import Depends, Request

from graphs.state_directory import StateDirectory


def directory_of(request: Request) -> StateDirectory:
    """The state directory that the application was made for."""
    directory = request.app.state.directory
    assert isinstance(directory, StateDirectory)
    return directory


Directory = Annotated[StateDirectory, Depends(directory_of)]
"""The type of a parameter that is the state directory."""
