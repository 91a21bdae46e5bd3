"""What incidents foretell, against what comes true in the emulated network if nothing is done.

A play goes up to where the first incident has imagined what may fail. From then on nothing is
changed: the true network, with all that is hidden, is looked at each quarter of an hour up to the
horizon, and the services that leave their objective first are those that came true. Links are left
out: that adjacencies are lost is not played there.
"""

from collections.abc import Sequence
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from evals.arm import at_mismatch
from evals.arms.noctua import NoctuaArm
from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text, raised_text
from evals.commands.options import Level
from evals.intervals import share_interval
from evals.prediction.scoring import EDGES
from evals.stage import load_case
from graphs.next_failures import chances_ahead
from graphs.workplace import Workplace
from tools.network.emulated.network import EmulatedNetwork
from tools.network.emulated.truth_view import TruthView
from twin.imagination.prediction.draws import Draws
from twin.imagination.prediction.predictor import NOTHING
from twin.nouns.base import Noun
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.next_failures import NEXT_FAILURES
from twin.remedies.believed import REPAIR_HORIZON_S
from twin.remedies.objective import STEP_S


class ForetoldSpec(Spec):
    """`mismatch`: how far reality is from what is on record."""

    mismatch: Level


class Play(Noun):
    """One scenario, up to what it foretells."""

    case: str
    arm: str
    seed: int
    mismatch: Level


class Figure(Noun):
    """A service that had not left its objective: how probable it was said to be next, and whether
    it was.
    """

    said: float
    came: bool


class Outcome(Noun):
    """`figures`: empty where no incident came so far. `nothing`: that nothing leaves."""

    figures: tuple[Figure, ...] = ()
    nothing: Figure | None = None


ForetoldRecord = Record[Play, Outcome]


class _Foretold(Exception):
    """The play has come to where it is compared."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


def _plays(spec: ForetoldSpec) -> list[Play]:
    return [
        Play(case=case, arm=arm, seed=seed, mismatch=spec.mismatch)
        for seed in spec.seeds
        for case in spec.cases
        for arm in spec.arms
    ]


def _play(play: Play) -> Outcome:
    case = at_mismatch(load_case(play.case), play.mismatch)
    with TemporaryDirectory(prefix="noctua-foretold-") as folder:
        try:
            NoctuaArm(on_step=_look).play(case, play.seed, Path(folder))
        except _Foretold as done:
            return done.outcome
    return Outcome()


def _look(workplace: Workplace, _: float) -> None:
    journal = workplace.journal
    for record in journal.incidents():
        name = record.incident.id
        diagnosis = journal.artefact(name, "diagnosis", Diagnosis)
        if diagnosis is not None and NEXT_FAILURES in journal.artefacts(name):
            raise _Foretold(_compared(workplace, diagnosis))


def _compared(workplace: Workplace, diagnosis: Diagnosis) -> Outcome:
    situation, network = workplace.desk.situation, workplace.network
    assert isinstance(network, EmulatedNetwork)
    said = chances_ahead(
        situation, situation.read_running(), diagnosis.cause, Draws(seed=situation.seed)
    )
    now, first = came_true(network)
    services = [s.id for s in situation.twin.services.services if s.id not in now]
    return Outcome(
        figures=tuple(Figure(said=said[s], came=s in first) for s in services if said[s] > 0.0),
        nothing=Figure(said=said[NOTHING], came=not first),
    )


def came_true(network: EmulatedNetwork) -> tuple[frozenset[str], frozenset[str]]:
    """The services that are outside their objective now, and of the others those that leave it
    first, at one look, if nothing is repaired or changed.
    """
    view, now_s, running = TruthView(network), network.now_s(), network.running_configuration()
    faults = view.active_faults(now_s)
    times = (now_s + t for t in np.arange(0.0, REPAIR_HORIZON_S, STEP_S).tolist())
    looks = (frozenset(view.evaluate_steady(running, t, faults).breached) for t in times)
    now = next(looks)
    return now, next((more for breached in looks if (more := breached - now)), frozenset())


def foretold_markdown(records: Sequence[ForetoldRecord]) -> str:
    """Of what was said to be so probable, how much came true; from records alone."""
    ended = [record.outcome for record in records if record.outcome is not None]
    told = [outcome for outcome in ended if outcome.nothing is not None]
    figures = [figure for outcome in told for figure in outcome.figures]
    lines = [
        f"{len(told)} of {len(ended)} plays came to an incident that imagines what may fail.\n\n",
        "| said | services | came true | 95 % |\n|---|--:|--:|--:|\n",
    ]
    for low, high in pairwise(EDGES):
        lines.append(
            _line(f"{low:.0%} to {high:.0%}", [f for f in figures if low <= f.said < high])
        )
    nothing = [outcome.nothing for outcome in told if outcome.nothing is not None]
    for low, high in ((0.0, 0.5), (0.5, 0.95), (0.95, 1.01)):
        name = f"nothing, {low:.0%} to {min(high, 1.0):.0%}"
        lines.append(_line(name, [f for f in nothing if low <= f.said < high]))
    return "".join(
        [
            *lines,
            "\nIntervals are exact binomial, as if services of one play were independent.\n\n",
            raised_text(records, "and are left out"),
            f"Run: `noctua campaign foretold`, {code_text(records)}.\n",
        ]
    )


def _line(name: str, figures: Sequence[Figure]) -> str:
    if not figures:
        return ""
    came = sum(figure.came for figure in figures)
    low, high = share_interval(came, len(figures))
    share = f"{came / len(figures):.1%} | {low:.1%} to {high:.1%}"
    return f"| {name} | {len(figures):,} | {share} |\n"


CAMPAIGN = Campaign(
    name="foretold",
    file=files(__package__) / "foretold.yaml",
    spec=ForetoldSpec,
    record=ForetoldRecord,
    plays=_plays,
    together=lambda play: f"{play.case} {play.seed}",
    play=_play,
    table=foretold_markdown,
)
