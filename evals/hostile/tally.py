"""What came of attacks: how many had an effect, and whether what holds each is missed when off."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from rich.console import Console
from rich.progress import track
from rich.table import Table

from channels.provenance import code_version


class Tried(Protocol):
    """An attack. `held_by`: controls that hold it, each beneath the one before; none where it is
    what the journal is: one answer a person, in the order in which they come.
    """

    @property
    def name(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def held_by(self) -> tuple[str, ...]: ...


A = TypeVar("A", bound=Tried)


@dataclass
class Played(Generic[A]):
    """What came of one attack. `without`: effects without the first control that holds it, without
    the first two, and so on.
    """

    attack: A
    attempts: int = 0
    effects: int = 0
    without: list[int] = field(default_factory=list)

    @property
    def is_missed(self) -> bool:
        """Whether the controls that hold it are missed where all are off, and not before."""
        return not self.without or (self.without[-1] > 0 and not any(self.without[:-1]))


def attempts_of(about: str, arguments: Sequence[str] | None) -> int:
    """How many attempts the command line asks for."""
    parser = argparse.ArgumentParser(description=about.partition("\n")[0])
    parser.add_argument("--attempts", type=int, default=2000)
    return int(parser.parse_args(arguments).attempts)


def tracked(numbers: range) -> Iterable[int]:
    """The numbers of attempts, with a bar of progress."""
    return track(numbers, "attempts", console=Console(stderr=True))


def print_tally(played: Sequence[Played[A]], tries: int) -> bool:
    """Print what came of all attacks; whether none had an effect, and every control is missed.

    `tries`: with a control off.
    """
    table = Table("attack", "family", "attempts", "effects", f"effects in {tries} without")
    families = Counter[str]()
    for one in played:
        attack, held = one.attack, zip(one.attack.held_by, one.without, strict=True)
        told = ", and ".join(f"{control}: {had}" for control, had in held) or "(the journal)"
        table.add_row(attack.name, attack.family, str(one.attempts), str(one.effects), told)
        families[attack.family] += one.attempts
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table)
    tried, had = families.total(), sum(p.effects for p in played)
    bound = f"; 3/N = {3 / tried:.4f}" if not had else ""
    console.print(f"code {code_version()}: {had} unauthorised effects in {tried} attempts{bound}")
    console.print(", ".join(f"{family}: {count}" for family, count in families.items()))
    return not had and all(p.is_missed for p in played)
