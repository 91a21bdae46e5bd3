"""What a check finds, and what it is given to look at."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from graphs.state_directory import StateDirectory
from tools.journal.journal import Journal
from twin.errors import NoctuaError
from twin.nouns.base import Noun

State = Literal["ok", "warning", "failed"]


class Check(Noun):
    """One thing that was looked at. `remedy`: what to do about it, "" if nothing."""

    name: str
    state: State
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Installation:
    """What is looked at. `now_s`: the machine's clock; `journal`: read-only, None if unreadable."""

    state: StateDirectory
    now_s: float
    journal: Journal | None


Look = Callable[[Installation], Iterable[Check]]


def looked(name: str, look: Look, installation: Installation) -> tuple[Check, ...]:
    """What `look` finds; whatever it raises is a failed check, and no end of the others."""
    found: list[Check] = []
    try:
        # One by one, so that what was found before it breaks is told.
        for check in look(installation):
            found.append(check)
    except NoctuaError as error:
        found.append(Check(name=name, state="failed", found=str(error)))
    except Exception as error:  # a part that is broken in a way nobody thought of
        why = f"could not be looked at: {error!r}"
        found.append(Check(name=name, state="failed", found=why))
    return tuple(found)
