"""Minds that other distributions bring: `NAME:MODEL` in a chain, NAME of an entry point."""

from collections.abc import Mapping

from langchain_core.language_models import BaseChatModel

from tools.provided import MINDS, blaming, load, provided


def is_brought(entry: str) -> bool:
    """Whether an installed distribution brings what `entry` of a chain names."""
    name, colon, _ = entry.partition(":")
    return bool(colon) and name != "openai" and name in provided(MINDS)


def brought_model(entry: str, environ: Mapping[str, str]) -> BaseChatModel:
    """The chat model that `entry` names.

    Raises:
        BadInput: it cannot be made; names the distribution.
    """
    name, _, model = entry.partition(":")
    make = load(MINDS, name)
    with blaming(MINDS, name):
        made = make(model, environ)
        if not isinstance(made, BaseChatModel):
            raise TypeError(f"{made!r:.80} is no BaseChatModel of langchain_core")
    return made
