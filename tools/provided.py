"""What other distributions bring: entry points (importlib.metadata), by group and name."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from twin.errors import BadInput, NoctuaError

DRIVERS = "noctua.drivers"
"""Each is a class without arguments, of which an object is a `tools.network.driver.Driver`."""

MINDS = "noctua.minds"
"""Each is a function from a model's name and the environment to a LangChain chat model."""

DETECTORS = "noctua.detectors"
"""Each is a `twin.tracking.detectors.detector.DetectorClass`."""

GRAPH_KINDS = "noctua.graph_kinds"
"""Each is a function that registers kinds with a `twin.knowledge.schema.Schema`."""

POLICIES = "noctua.policies"
"""Each is a class or function without arguments that makes a `twin.remediation.policy.Policy`."""


def provided(group: str) -> Mapping[str, EntryPoint]:
    """What installed distributions bring to `group`, by name, in order of name.

    Each path of imports is searched once: what is installed later, the next process sees.

    Raises:
        BadInput: two of them bring the same name.
    """
    return _provided_on(tuple(sys.path), group)


# A search reads the metadata of all that is installed, and a chat asks for a network's time every
# second. The path is there to be remembered by: entry_points reads it itself.
@cache
def _provided_on(_path: tuple[str, ...], group: str) -> Mapping[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for entry in sorted(entry_points(group=group), key=lambda e: e.name):
        if (other := found.get(entry.name)) is not None:
            raise BadInput(
                f'{group}: both "{_distribution(other)}" and "{_distribution(entry)}" bring '
                f'"{entry.name}"; uninstall one of them'
            )
        found[entry.name] = entry
    return found


def load(group: str, name: str) -> Any:
    """The object that a distribution brings to `group` under `name`.

    Raises:
        BadInput: no distribution brings it, or it cannot be loaded; names the distribution.
    """
    found = provided(group)
    if name not in found:
        near = get_close_matches(name, found, n=1)
        listed = f"installed are {', '.join(found)}" if found else "none is installed"
        hint = f'did you mean "{near[0]}"?' if near else listed
        raise BadInput(
            f'no installed distribution brings "{name}" to {group} ({hint}); install the one that '
            "does, with its entry points"
        )
    with blaming(group, name):
        return found[name].load()


@contextmanager
def blaming(group: str, name: str) -> Iterator[None]:
    """Raise BadInput, which names the distribution, for what its code raises.

    Errors that are meant for people pass as they are.
    """
    try:
        yield
    except NoctuaError:
        raise
    except Exception as error:  # whatever foreign code raises
        entry = provided(group)[name]
        raise BadInput(
            f'{group}: "{name}" of the distribution "{_distribution(entry)}" ({entry.value}) '
            f"failed: {error!r:.300}; repair or uninstall that distribution"
        ) from error


def _distribution(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown"
