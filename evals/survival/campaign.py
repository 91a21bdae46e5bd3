"""The campaign: which plays, played by a few processes, and what came of all of them."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Literal, TypeVar

from pydantic import ValidationError

from evals.pool import played
from evals.survival.lives import OutageName, Play, Played, play_one
from evals.survival.places import OUTSIDE
from evals.survival.scenes import SCENES, SceneName
from twin.errors import BadInput
from twin.nouns.base import Noun

Faults = Literal["kill", "timeouts", "both"]

T = TypeVar("T")

DRAWS = 10
"""Sets of timeouts for each scene and seed."""

SECOND_EVERY = 3
"""Every third killed play is killed again after its restart."""

_SECOND_WITHIN = 400
"""A second kill comes at one of so many places after the restart."""

_POLLS = 12
"""Polls are many and alike, so that only so many are taken, spread over the life."""

_STEPS = ("actuator", "verifier")
"""Nodes of which every step is taken, and of the others the first and the last of a kind."""

_READS = ("running", "commit_log", "probe", "repair_report")

_BY_THE_WALL = ("journal watches", "journal leases")
"""How often these are written depends on the wall clock."""


class Row(Noun):
    """All plays of one scene and class of faults."""

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

    @property
    def plays(self) -> int:
        """How often the network was operated from alarm to end."""
        return sum(r.plays for r in self.rows)

    @property
    def kept(self) -> bool:
        """Whether every play kept every promise, and every kill took place."""
        return not self.violated and not self.missed

    @property
    def figures(self) -> tuple[str, ...]:
        """With their bounds."""
        killed = [r for r in self.rows if r.kills]
        late = [r for r in self.rows if r.timeouts]
        return tuple(
            _figure(what, sum(r.violated for r in rows), sum(r.plays for r in rows))
            for what, rows in (("kill -9", killed), ("timeouts", late))
            if rows
        )


def _figure(what: str, violated: int, count: int) -> str:
    said = f"{what}: {violated} of {count} plays violated a promise"
    if violated:
        return said
    return f"{said}; 95 % bound {3 / count:.2%} (3/{count})"


def campaign(
    seeds: int, points: int | None, outages: Sequence[OutageName], faults: Faults
) -> SurvivalReport:
    """Play everything. `points`: places of each realisation, over all scenes; None for all."""
    calm = [Play(scene=s, seed=n) for s in SCENES for n in range(1, seeds + 1)]
    results = sorted((r for _, r in played(play_one, calm, "without a fault")), key=_order)
    jobs: list[Play] = []
    if faults in ("kill", "both"):
        jobs += kills(results, points, outages)
    if faults in ("timeouts", "both"):
        jobs += [p.model_copy(update={"draw": d}) for p in calm for d in range(1, DRAWS + 1)]
    results += [result for _, result in played(play_one, jobs, "with faults")]
    return summarise(seeds, results)


def _order(result: Played) -> tuple[str, int]:
    return result.play.scene, result.play.seed


def kills(
    calm: Sequence[Played], points: int | None, outages: Sequence[OutageName]
) -> Iterator[Play]:
    """A play for every place that was chosen, and every outage.

    With fewer `points` than places, each realisation takes others, so that together they take all
    if they are enough.
    """
    seeds = sorted({result.play.seed for result in calm})
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


def summarise(seeds: int, results: Sequence[Played]) -> SurvivalReport:
    """Count."""
    groups: dict[tuple[str, str], list[Played]] = defaultdict(list)
    for result in results:
        groups[result.play.scene, result.play.faults].append(result)
    return SurvivalReport(
        seeds=seeds,
        rows=tuple(_row(*key, groups[key]) for key in sorted(groups, key=_row_order)),
        violated=tuple(r for r in results if r.violations),
        missed=tuple(r.play for r in results if r.missed),
    )


def _row_order(key: tuple[str, str]) -> tuple[int, str]:
    scene, faults = key
    names: list[SceneName] = list(SCENES)
    return [str(n) for n in names].index(scene), faults if faults != "none" else ""


def _row(scene: str, faults: str, results: Sequence[Played]) -> Row:
    ends = Counter(end for r in results for end in r.ends)
    return Row(
        scene=scene,
        faults=faults,
        plays=len(results),
        places=len({(r.play.seed, r.play.place) for r in results if r.play.place}),
        kills=sum(r.kills for r in results),
        timeouts=sum(r.struck for r in results),
        starts=sum(r.starts for r in results),
        ends=dict(sorted(ends.items())),
        missed=sum(r.missed for r in results),
        violated=sum(bool(r.violations) for r in results),
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
    return "\n".join(lines)


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
