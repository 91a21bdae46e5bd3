"""What a campaign is: plays from a small file, how to play one, and a table of their records."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BeforeValidator, NonNegativeInt, PositiveInt, ValidationError

from evals.campaigns.records import P, R, Record
from tools.strict_yaml import read_yaml
from twin.errors import BadInput
from twin.nouns.base import Noun


def _counted(seeds: object) -> object:
    return range(1, seeds + 1) if isinstance(seeds, int) else seeds


class Spec(Noun):
    """What is played: every case by every arm at every seed.

    A campaign that has more to choose adds fields. `cases`: scenarios, scenes, topologies or
    networks, as the campaign names them. `seeds`: hidden realisations; a file may give a number
    instead, which stands for 1 up to that number.
    """

    cases: tuple[str, ...]
    arms: tuple[str, ...]
    seeds: Annotated[tuple[NonNegativeInt, ...], BeforeValidator(_counted)]


S = TypeVar("S", bound=Spec)


@dataclass(frozen=True, slots=True)
class Campaign(Generic[S, P, R]):
    """One campaign.

    `file`: the shipped specification, YAML, of which `spec` is the form. `record`: the form of a
    record, with the nouns of a play and of its outcome.

    `plays`: what is played, in order. `together`: plays for which it gives the same text stay in
    one slice, such as the arms of one case and seed. `play`: plays one, in a worker process; a
    function at the top of a module, or a partial of one. What it raises is recorded. `table`:
    Markdown, from records alone; it decides how a play that raised is counted, and says so.

    `later`: plays that can be listed only when others are recorded, from what is; asked again
    whenever all that was listed is recorded.
    """

    name: str
    file: Traversable
    spec: type[S]
    record: type[Record[P, R]]
    plays: Callable[[S], Sequence[P]]
    together: Callable[[P], str]
    play: Callable[[P], R]
    table: Callable[[Sequence[Record[P, R]]], str]
    later: Callable[[S, Mapping[P, Record[P, R]]], Sequence[P]] = lambda *_: ()


class Slice(Noun):
    """Part `number` of `of` about equal parts of a campaign."""

    number: PositiveInt = 1
    of: PositiveInt = 1

    def part(self, campaign: Campaign[S, P, R], plays: Sequence[P]) -> list[P]:
        """Those of `plays` that are in this slice; all slices of a list partition it."""
        groups = list(dict.fromkeys(campaign.together(play) for play in plays))
        mine = set(groups[self.number - 1 :: self.of])
        return [play for play in plays if campaign.together(play) in mine]


WHOLE = Slice()


def parse_slice(text: str) -> Slice:
    """ "2/3" is the second of three. Raises BadInput."""
    number, _, of = text.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise BadInput(f'a slice is one of its number, such as 1/3, 2/3 and 3/3, not "{text}"')
    return Slice(number=int(number), of=int(of))


def load_spec(campaign: Campaign[S, P, R], file: Path | None = None, **changes: object) -> S:
    """The campaign's shipped specification, or that of `file`, with `changes` that are not None.

    Raises:
        BadInput: it cannot be read or does not validate.
    """
    source = file if file is not None else campaign.file
    try:
        data = read_yaml(source.read_text(encoding="utf-8"), str(source))
        given = {name: value for name, value in changes.items() if value is not None}
        return campaign.spec.model_validate({**data, **given})
    except ValidationError as exc:
        where = ".".join(str(part) for part in exc.errors()[0]["loc"])
        raise BadInput(f'{source}: "{where}": {exc.errors()[0]["msg"]}') from exc
    except (OSError, UnicodeDecodeError, TypeError) as exc:
        raise BadInput(
            f"{source}: cannot be read as a specification of cases, arms and seeds ({exc})"
        ) from exc


def find_campaign(name: str) -> Campaign[Any, Any, Any]:
    """The CAMPAIGN of a file of this folder, or of any module by its dotted name.

    Raises:
        BadInput: there is none.
    """
    module = name if "." in name else f"{__package__}.{name}"
    try:
        found = getattr(import_module(module), "CAMPAIGN", None)
    except ModuleNotFoundError as exc:
        if exc.name is None or not f"{module}.".startswith(f"{exc.name}."):
            raise
        found = None
    if not isinstance(found, Campaign):
        raise BadInput(
            f'no campaign "{name}"; give a file of evals/campaigns without its ending, or a module '
            "with a CAMPAIGN by its dotted name"
        )
    return found
