"""The campaign: which plays, played by a few processes, and what came of all of them."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Literal, TypeVar

from pydantic import PositiveInt, ValidationError

from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text
from evals.intervals import share_interval
from evals.survival.kill_points import OUTSIDE
from evals.survival.processes import OUTAGES, OutageName, Play, Played, play_one
from evals.survival.scenes import SCENES, SceneName
from twin.errors import BadInput
from twin.nouns.base import Noun

ArmName = Literal["short", "long", "timeouts"]
"""A kill with an outage so long, or timeouts."""

T = TypeVar("T")

SECOND_EVERY = 3
"""Every third killed play is killed again after its restart."""

_SECOND_WITHIN = 400
"""A second kill comes at one of so many places after the restart."""

_POLLS = 12
"""Polls are many and alike, so that only so many are taken, spread over the life."""

_STEPS = ("actuator", "verifier")
"""Nodes of which every step is taken, and of the others the first and the last of a kind."""

_READS = ("running", "commit_log", "probe", "repair_report")

_BY_THE_WALL = ("journal watches", "journal leases", " journal")
"""How often these are written depends on the wall clock. A lease that is taken again is written
only where it has aged; where it has not, its transaction writes nothing.
"""


class SurvivalSpec(Spec):
    """Scenes and what is done to them. `points`: at how many places of each realisation a kill is
    played, over all scenes, None for all; `draws`: sets of timeouts for each scene and seed.
    """

    cases: tuple[SceneName, ...]
    arms: tuple[ArmName, ...]
    points: PositiveInt | None
    draws: PositiveInt


SurvivalRecord = Record[Play, Played]


class Raised(Noun):
    """A play that raised: nobody knows whether it kept its promises."""

    play: Play
    error: str


class Row(Noun):
    """All plays of one scene and class of faults. `violated`: of them, those that raised too."""

    scene: str
    faults: str
    plays: int
    places: int
    kills: int
    timeouts: int
    starts: int
    ends: dict[str, int]
    missed: int
    violated: int


class SurvivalReport(Noun):
    """What was played, and every play in which a promise was not kept."""

    seeds: int
    rows: tuple[Row, ...]
    violated: tuple[Played, ...]
    missed: tuple[Play, ...]
    raised: tuple[Raised, ...]
    code: str

    @property
    def plays(self) -> int:
        """How often the network was operated from alarm to end."""
        return sum(r.plays for r in self.rows)

    @property
    def kept(self) -> bool:
        """Whether every play kept every promise, and every kill took place."""
        return not self.violated and not self.missed and not self.raised

    @property
    def figures(self) -> tuple[str, ...]:
        """With their bounds."""
        killed = [r for r in self.rows if r.faults.startswith("kill")]
        late = [r for r in self.rows if r.faults == "timeouts"]
        return tuple(
            _figure(what, sum(r.violated for r in rows), sum(r.plays for r in rows))
            for what, rows in (("kill -9", killed), ("timeouts", late))
            if rows
        )


def _figure(what: str, violated: int, count: int) -> str:
    said = f"{what}: {violated} of {count} plays violated a promise"
    if violated:
        low, high = share_interval(violated, count)
        return f"{said}; 95 % interval {low:.2%} to {high:.2%}"
    return f"{said}; 95 % bound {3 / count:.2%} (3/{count})"


def _unharmed(spec: SurvivalSpec) -> list[Play]:
    return [Play(scene=scene, seed=seed) for scene in spec.cases for seed in spec.seeds]


def _plays(spec: SurvivalSpec) -> list[Play]:
    """Without a fault, and with timeouts; where a kill can strike is known only from the former."""
    calm = _unharmed(spec)
    if "timeouts" not in spec.arms:
        return calm
    draws = range(1, spec.draws + 1)
    return calm + [play.model_copy(update={"draw": draw}) for play in calm for draw in draws]


def _kills(spec: SurvivalSpec, known: Mapping[Play, SurvivalRecord]) -> list[Play]:
    """In the realisations of which every scene has been played without a fault."""
    calm = _unharmed(spec)
    waiting = {play.seed for play in calm if play not in known}
    found = [known[play].outcome for play in calm if play.seed not in waiting]
    outages = [name for name in OUTAGES if name in spec.arms]
    played = sorted((r for r in found if r is not None), key=lambda r: r.play.scene)
    return list(kills(played, spec.seeds, spec.points, outages))


def kills(
    calm: Sequence[Played],
    seeds: Sequence[int],
    points: int | None,
    outages: Sequence[OutageName],
) -> Iterator[Play]:
    """A play for every place that was chosen in the `calm` plays, and every outage.

    With fewer `points` than places, each of `seeds` takes others, so that together they take all
    if they are enough.
    """
    for part, seed in enumerate(seeds):
        chosen = [
            result.play.model_copy(update={"place": place})
            for result in calm
            if result.play.seed == seed
            for place in choose(result.places, SCENES[result.play.scene].nodes)
        ]
        if points is not None:
            chosen = _spread(chosen, points, part, len(seeds))
        draws = random.Random(seed)
        for number, play in enumerate(chosen):
            for outage in outages:
                again = draws.randint(1, _SECOND_WITHIN) if number % SECOND_EVERY == 0 else 0
                yield play.model_copy(update={"outage": outage, "second": again})


def _together(play: Play) -> str:
    """Where a realisation is killed is known only when all its scenes have been played."""
    return str(play.seed)


def choose(places: Sequence[str], nodes: Sequence[str] = ()) -> list[str]:
    """Every step of actuation, and the first and the last of every other kind, in order.

    `nodes`: take only what happens there, if given.
    """
    kinds: dict[str, list[str]] = defaultdict(list)
    for place in places:
        if not nodes or place.partition(":")[0] in nodes:
            kinds[_kind(place)].append(place)
    taken = {place for kind, found in kinds.items() for place in _of_a_kind(kind, found)}
    return [place for place in places if place in taken]


def _kind(place: str) -> str:
    """The place without its number; which of the devices is read makes no difference."""
    name = place.rpartition("#")[0]
    words = name.split(" ")
    return " ".join(words[:3]) if words[2] in _READS else name


def _of_a_kind(kind: str, found: Sequence[str]) -> Sequence[str]:
    node, _, what = kind.partition(": ")
    if what.endswith("poll"):
        return _spread(found, _POLLS)
    if what.endswith(_BY_THE_WALL):
        return found[:1]
    if node in _STEPS and what.split(" ")[1] not in _READS:
        return found
    return [found[0], found[-1]] if node != OUTSIDE else found[:1]


def _spread(found: Sequence[T], count: int, part: int = 0, parts: int = 1) -> list[T]:
    """`count` of them, evenly; all `parts` take others."""
    if len(found) <= count:
        return list(found)
    return [found[(i * parts + part) * len(found) // (count * parts)] for i in range(count)]


# What came of it


def summarise(records: Sequence[SurvivalRecord]) -> SurvivalReport:
    """Count."""
    groups: dict[tuple[str, str], list[SurvivalRecord]] = defaultdict(list)
    for record in records:
        groups[record.play.scene, record.play.faults].append(record)
    ended = [r.outcome for r in records if r.outcome is not None]
    return SurvivalReport(
        seeds=len({r.play.seed for r in records}),
        rows=tuple(_row(*key, groups[key]) for key in sorted(groups, key=_row_order)),
        violated=tuple(r for r in ended if r.violations),
        missed=tuple(r.play for r in ended if r.missed),
        raised=tuple(Raised(play=r.play, error=r.error) for r in records if r.outcome is None),
        code=code_text(records),
    )


def _row_order(key: tuple[str, str]) -> tuple[int, str]:
    scene, faults = key
    names: list[SceneName] = list(SCENES)
    return [str(n) for n in names].index(scene), faults if faults != "none" else ""


def _row(scene: str, faults: str, records: Sequence[SurvivalRecord]) -> Row:
    results = [r.outcome for r in records if r.outcome is not None]
    ends = Counter(end for r in results for end in r.ends)
    return Row(
        scene=scene,
        faults=faults,
        plays=len(records),
        places=len({(r.play.seed, r.play.place) for r in records if r.play.place}),
        kills=sum(r.kills for r in results),
        timeouts=sum(r.struck for r in results),
        starts=sum(r.starts for r in results),
        ends=dict(sorted(ends.items())),
        missed=sum(r.missed for r in results),
        violated=len(records) - len(results) + sum(bool(r.violations) for r in results),
    )


def survival_markdown(report: SurvivalReport) -> str:
    """The table, the figures, and every violation with the command that plays it again."""
    lines = [
        "| scene | faults | plays | places | kills | timeouts | starts | ends | violations |",
        "|---|---|--:|--:|--:|--:|--:|---|--:|",
    ]
    for r in report.rows:
        ends = ", ".join(f"{count} {end}" for end, count in r.ends.items())
        lines.append(
            f"| {r.scene} | {r.faults} | {r.plays} | {r.places} | {r.kills} | {r.timeouts} "
            f"| {r.starts} | {ends} | {r.violated} |"
        )
    lines += ["", *(f"{figure}." for figure in report.figures)]
    for result in report.violated:
        lines += ["", f"    {replay_command(result.play)}"]
        lines += [f"- {v.rule}: {v.text}" for v in result.violations]
    lines += [f"- never passed: {replay_command(play)}" for play in report.missed]
    lines += [f"- raised {r.error}: {replay_command(r.play)}" for r in report.raised]
    return "\n".join([*lines, "", f"Played by {report.code}."])


def replay_command(play: Play) -> str:
    """What plays it again, and keeps what it leaves."""
    given = play.model_dump(exclude_defaults=True)
    said = " ".join(f"{name}={value}" for name, value in given.items() if name != "place")
    return f"noctua survival --replay '{said} place={play.place}'"


def replayed(text: str) -> Play:
    """The play that `replay_command` names. Raises BadInput if there is none such."""
    said, _, place = text.partition("place=")
    given = dict(item.partition("=")[::2] for item in said.split())
    try:
        return Play.model_validate({**given, "place": place}, strict=False)
    except ValidationError as error:
        raise BadInput(
            f'"{text}" names no play ({error.errors()[0]["msg"]}); give what the campaign printed '
            "behind --replay"
        ) from error


CAMPAIGN = Campaign(
    name="survival",
    file=files(__package__) / "campaign.yaml",
    spec=SurvivalSpec,
    record=SurvivalRecord,
    plays=_plays,
    later=_kills,
    together=_together,
    play=play_one,
    table=lambda records: survival_markdown(summarise(records)),
)
