"""Proposes candidate remedies, and afterwards chooses one of those that the forecast cannot
separate.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from agents.loop.role import Role
from agents.prompts import Prompt, percent, prompt
from agents.roles.shown import Short, short, shown_interval
from agents.roles.wording import Wording
from tools.registry import Tool, grant
from twin.errors import Ungrounded
from twin.events.action import Action, ProposedAction
from twin.events.fault import Fault
from twin.nouns.base import IfGiven, Noun
from twin.nouns.plan import Remedy
from twin.remedies.costs import TIE
from twin.remedies.screening import COMFORTABLE_UTILISATION, Screen, Screened
from twin.remedies.trials import Trial

DO_NOTHING = "R0"
MOST_REMEDIES = 8
MOST_ACTIONS = 4

SCREEN_ACTIONS = "screen_actions"
"""The tool that a remediator screens with."""


ScreenKind = Literal["single", "pair", "limit"]


class ProposedRemedy(Noun):
    """Actions in order. `reason`: why this could help."""

    actions: tuple[ProposedAction, ...] = Field(min_length=1, max_length=MOST_ACTIONS)
    reason: Wording


class Proposal(Noun):
    """What to simulate; doing nothing is always simulated as well."""

    remedies: tuple[ProposedRemedy, ...] = Field(max_length=MOST_REMEDIES)


class ScreenActions(Noun):
    """Which kinds to try. "single": weight changes, drains and reverts near the trouble, one at a
    time. "pair": the best single ones with a weight change besides; worth it only where no single
    one brings the excess to zero. "limit": best effort limited on the egresses in trouble.
    """

    kinds: tuple[ScreenKind, ...] = Field(min_length=1, max_length=3)


class ScreenedRow(Noun):
    """Actions and what they lead to. `excess_bps`: beyond 90 % of a link, or lost silently."""

    actions: tuple[Action, ...]
    excess_bps: int
    max_utilisation: float


class ScreeningResult(Noun):
    """The best of each kind that was asked for, the best first."""

    single: IfGiven[tuple[ScreenedRow, ...]] = None
    pair: IfGiven[tuple[ScreenedRow, ...]] = None
    limit: IfGiven[tuple[ScreenedRow, ...]] = None

    @property
    def rows(self) -> tuple[ScreenedRow, ...]:
        """Of all kinds."""
        return (*(self.single or ()), *(self.pair or ()), *(self.limit or ()))


class RemediatorTask(Noun):
    """The cause, and what stays wrong if nothing is done; `excess_bps` as in `ScreenedRow`."""

    cause: tuple[Fault, ...]
    excess_bps: int
    max_utilisation: float


class Measure(Noun):
    """Actions to try in the twin."""

    actions: tuple[ProposedAction, ...] = Field(min_length=1, max_length=MOST_ACTIONS)


class TrialRow(Noun):
    """A simulated remedy: what it does, in words, and its expected cost."""

    remedy: str
    actions: tuple[str, ...]
    cost: float


class TrialInFull(TrialRow):
    """One that may be chosen, or doing nothing. `kinds`: of its actions, in order.

    Intervals are (5 %, median, 95 %); `lost_bps` is a median. `slo_minutes_ahead`: None where it
    could not be computed. `cost_in_scenario`: in the order of the task's scenarios.
    """

    kinds: tuple[str, ...]
    services_in_breach: tuple[Short, Short, Short]
    max_utilisation: tuple[Short, Short, Short]
    lost_bps: Short
    slo_minutes_ahead: float | None
    cost_in_scenario: tuple[Short, ...]


class ChoiceTask(Noun):
    """`within_tie`: remedies that the forecast cannot tell from the best, the cheapest first."""

    within_tie: tuple[str, ...]
    scenarios: tuple[str, ...]
    trials: tuple[TrialInFull | TrialRow, ...]


class Choice(Noun):
    """`remedy`: the id of a simulated remedy. `reason`: for the person who approves."""

    remedy: str
    reason: Wording


def instructions() -> Prompt:
    """What the remediator is told, with the figures that code decides by."""
    return prompt(
        "remediator",
        comfortable=COMFORTABLE_UTILISATION,
        most_actions=MOST_ACTIONS,
        most_remedies=MOST_REMEDIES,
    )


class Proposer:
    """Finds what could help; the screen is on the state at the demand to be prepared for."""

    def __init__(self, screen: Screen, cause: Sequence[Fault]) -> None:
        self._screen = screen
        self._cause = tuple(cause)

    def role(self) -> Role[Proposal]:
        """The role with its tools bound to this incident."""
        screen = self._screen
        return Role(
            name="remediator",
            prompt=instructions(),
            tools=grant(
                Tool(
                    name=SCREEN_ACTIONS,
                    description="Try candidate actions in the twin; returns those of each kind "
                    "that help most, with what measure returns.",
                    arguments=ScreenActions,
                    effect="read",
                    call=self.screen_actions,
                ),
                Tool(
                    name="measure",
                    description="Try actions of your own in the twin: how much traffic stays "
                    f"beyond {percent(COMFORTABLE_UTILISATION)} of a link or is lost silently "
                    "(bit/s), and the highest utilisation.",
                    arguments=Measure,
                    effect="read",
                    call=lambda m: _row(screen.measure(m.actions)),
                ),
            ),
            answer=Proposal,
            ground=self.ground,
        )

    def screen_actions(self, arguments: ScreenActions) -> ScreeningResult:
        """The best of each kind that is asked for."""
        screen, found = self._screen, dict[ScreenKind, tuple[ScreenedRow, ...]]()
        for kind in dict.fromkeys(arguments.kinds):
            match kind:
                case "single":
                    best = screen.best_single(self._cause)
                case "pair":
                    best = screen.best_pairs(screen.best_single(self._cause))
                case "limit":
                    best = screen.rate_limits()
            found[kind] = tuple(_row(s) for s in best)
        return ScreeningResult(**found)

    def task(self) -> RemediatorTask:
        """What the remediator is told."""
        return RemediatorTask(
            cause=self._cause,
            excess_bps=round(self._screen.nothing.excess_bps),
            max_utilisation=round(self._screen.nothing.max_utilisation, 3),
        )

    def ground(self, answer: Proposal) -> None:
        """Refuse actions that name nothing, and drains that would partition or overload."""
        for proposed in answer.remedies:
            self._screen.measure(proposed.actions)
            for action in proposed.actions:
                if refusal := self._screen.refusal(action):
                    raise Ungrounded(refusal)

    @staticmethod
    def remedies(answer: Proposal) -> tuple[Remedy, ...]:
        """The proposal as remedies with ids; doing nothing is the first."""
        nothing = Remedy(id=DO_NOTHING, actions=(), reason="do nothing but wait for the repair")
        found = (
            Remedy(id=f"R{i}", actions=p.actions, reason=p.reason)
            for i, p in enumerate(answer.remedies, start=1)
        )
        return (nothing, *found)


class Chooser:
    """Chooses among simulated remedies; only what ties with the best may be chosen."""

    def __init__(self, trials: Sequence[Trial], excluded: Sequence[str] = ()) -> None:
        self._trials = {t.remedy.id: t for t in trials if t.remedy.id not in excluded}

    def role(self) -> Role[Choice]:
        """The role; it has no tools, everything is in the task."""
        return Role(
            name="remediator_choice",
            prompt=prompt("remediator_choice"),
            tools=(),
            answer=Choice,
            ground=self.ground,
        )

    def task(self) -> ChoiceTask:
        """The table of trials; in full for those that may be chosen, and for doing nothing.

        Why a mind proposed each is not told: it is that mind's own words, and the numbers decide.
        """
        trials, tied = list(self._trials.values()), self.tied()
        scenarios = tuple(trials[0].in_scenario) if trials else ()
        return ChoiceTask(
            within_tie=tuple(tied),
            scenarios=scenarios,
            trials=tuple(
                _in_full(t, scenarios) if t.remedy.id in (*tied, DO_NOTHING) else _short_row(t)
                for t in trials
            ),
        )

    def tied(self) -> list[str]:
        """Remedies whose cost is within TIE of the best, cheapest first."""
        order = sorted(self._trials.values(), key=lambda t: (t.cost, t.remedy.id))
        return [t.remedy.id for t in order if t.cost - order[0].cost <= TIE]

    def ground(self, answer: Choice) -> None:
        """Refuse what was not simulated, and what the forecast says is worse."""
        if answer.remedy not in self._trials:
            raise Ungrounded(f'"{answer.remedy}" was not simulated')
        if answer.remedy not in self.tied():
            raise Ungrounded(
                f'"{answer.remedy}" is forecast to be worse than "{self.tied()[0]}" by more '
                "than a tie"
            )


def _short_row(trial: Trial) -> TrialRow:
    return TrialRow(
        remedy=trial.remedy.id,
        actions=tuple(a.describe() for a in trial.remedy.actions),
        cost=round(trial.cost, 3),
    )


def _in_full(trial: Trial, scenarios: Sequence[str]) -> TrialInFull:
    return TrialInFull(
        **dict(_short_row(trial)),
        kinds=tuple(a.kind for a in trial.remedy.actions),
        services_in_breach=shown_interval(trial.ahead.breached_services),
        max_utilisation=shown_interval(trial.ahead.max_utilisation),
        lost_bps=short(trial.ahead.lost_bps.median),
        slo_minutes_ahead=trial.slo_minutes_ahead,
        cost_in_scenario=tuple(short(trial.in_scenario[s]) for s in scenarios),
    )


def _row(screened: Screened) -> ScreenedRow:
    return ScreenedRow(
        actions=screened.actions,
        excess_bps=round(screened.excess_bps),
        max_utilisation=round(screened.max_utilisation, 3),
    )
