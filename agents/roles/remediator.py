"""Proposes candidate remedies, and afterwards chooses one of those that the forecast cannot
separate.
"""

from collections.abc import Collection, Sequence

from pydantic import Field

from agents.loop.role import Role
from agents.prompts import Prompt, prompt
from agents.roles.formatting import Short, short, shown_interval
from agents.roles.wording import Wording
from tools.registry import Tool, grant
from twin.errors import Ungrounded
from twin.events.action import Action, ProposedAction, in_words
from twin.events.fault import Fault
from twin.nouns.base import IfGiven, Noun
from twin.nouns.plan import Remedy, Source
from twin.remedies.screening import MARGIN, MOST_ACTIONS, Screened, Screening
from twin.remedies.search import MOST_CHANGES
from twin.remedies.trials import TIE, Trial

DO_NOTHING = "R0"
MOST_REMEDIES = 8

SEARCH_REMEDIES = "search_remedies"
"""The tool that a remediator searches with."""


class ProposedRemedy(Noun):
    """Actions in order. `reason`: why this could help."""

    actions: tuple[ProposedAction, ...] = Field(min_length=1, max_length=MOST_ACTIONS)
    reason: Wording


class Proposal(Noun):
    """What to simulate; doing nothing is always simulated as well."""

    remedies: tuple[ProposedRemedy, ...] = Field(max_length=MOST_REMEDIES)


class SearchRemedies(Noun):
    """Up to how many changes a remedy may have, limits of all that is overloaded as one."""

    most_changes: int = Field(ge=1, le=MOST_CHANGES)


class ScreenedRow(Noun):
    """Actions and what they lead to. `cost`: expected service-hours until the repair.
    `max_utilisation`: offered / capacity of the busiest egress at the busiest hour ahead."""

    actions: tuple[Action, ...]
    cost: float
    max_utilisation: float


class SearchResult(Noun):
    """What costs less than doing nothing, the cheapest first."""

    remedies: tuple[ScreenedRow, ...]


class RemediatorTask(Noun):
    """The cause, and what doing nothing leads to; `cost` as in `ScreenedRow`.

    `reverts`: sets of actions that put a wrong configuration right.
    """

    cause: tuple[Fault, ...]
    reverts: IfGiven[tuple[tuple[Action, ...], ...]] = None
    cost: float
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
    """One that may be chosen, or doing nothing. `puts_right`: all of its actions put the intended
    configuration in force. `takes_away`: one limits somebody's traffic.

    Intervals are (5 %, median, 95 %); `lost_bps` is a median. `slo_minutes_ahead`: None where it
    could not be computed. `cost_in_scenario`: in the order of the task's scenarios.
    """

    puts_right: bool
    takes_away: bool
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
        most_changes=MOST_CHANGES,
        most_remedies=MOST_REMEDIES,
        margin=MARGIN,
    )


class Proposer:
    """Finds what could help until the repair."""

    def __init__(
        self,
        screening: Screening,
        cause: Sequence[Fault],
        reverts: Sequence[tuple[Action, ...]] = (),
    ) -> None:
        """`reverts`: sets of actions that put the configuration of `cause` right."""
        self._screening = screening
        self._reverts = tuple(reverts)
        self._cause = tuple(cause)
        self._found = dict[tuple[Action, ...], tuple[Source, ...]]()

    def role(self) -> Role[Proposal]:
        """The role with its tools bound to this incident."""
        return Role(
            name="remediator",
            prompt=instructions(),
            tools=grant(
                Tool(
                    name=SEARCH_REMEDIES,
                    description="Search the twin for what costs least until the repair: weights, "
                    "drains, reverts and limits, alone and combined. Returns up to "
                    f"{MOST_REMEDIES} that beat doing nothing, with what measure returns.",
                    arguments=SearchRemedies,
                    effect="read",
                    call=self.search_remedies,
                ),
                Tool(
                    name="measure",
                    description="Try actions of your own in the twin: the expected cost until the "
                    "repair, in service-hours, and the highest utilisation.",
                    arguments=Measure,
                    effect="read",
                    call=lambda m: _row(self._screening.measure(m.actions)),
                ),
            ),
            answer=Proposal,
            ground=self.ground,
        )

    def search_remedies(self, arguments: SearchRemedies) -> SearchResult:
        """The cheapest of up to so many changes."""
        found = self._screening.best(changes=arguments.most_changes, most=MOST_REMEDIES)
        self._found |= {one.actions: tuple(sorted(one.sources)) for one in found}
        return SearchResult(remedies=tuple(map(_row, found)))

    def task(self) -> RemediatorTask:
        """What the remediator is told."""
        nothing = _row(self._screening.nothing)
        return RemediatorTask(
            cause=self._cause,
            reverts=self._reverts or None,
            cost=nothing.cost,
            max_utilisation=nothing.max_utilisation,
        )

    def ground(self, answer: Proposal) -> None:
        """Refuse actions that name nothing, and drains that would partition or overload."""
        for proposed in answer.remedies:
            self._screening.measure(proposed.actions)
            if refusal := self._screening.refusal(proposed.actions):
                raise Ungrounded(refusal)

    def remedies(self, answer: Proposal, known: Sequence[Remedy] = ()) -> tuple[Remedy, ...]:
        """The proposal as remedies with ids, behind those that are `known`, each with who proposed
        it: what no search has found is a mind's own.

        Doing nothing is the first.
        """
        if answer.remedies and not self._found:
            # An answer that was kept from before a restart comes without its search.
            self.search_remedies(SearchRemedies(most_changes=MOST_CHANGES))
        nothing = Remedy(id=DO_NOTHING, actions=(), reason="do nothing but wait for the repair")
        first = tuple(known) or (nothing,)
        tried = {r.actions for r in first}
        fresh = [p for p in answer.remedies if p.actions not in tried]
        found = (
            Remedy(
                id=f"R{i}",
                actions=p.actions,
                reason=p.reason,
                sources=self._found.get(p.actions, ("mind",)),
            )
            for i, p in enumerate(fresh, start=len(first))
        )
        return (*first, *found)


class Chooser:
    """Chooses among simulated remedies; only what ties with the best may be chosen."""

    def __init__(
        self,
        trials: Sequence[Trial],
        excluded: Sequence[str] = (),
        stops_work: Collection[Action] = (),
    ) -> None:
        """`excluded`: remedies that are not to be chosen. `stops_work`: actions that take back what
        announced work has done, which puts nothing right.
        """
        self._stops_work = frozenset(stops_work)
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
                _in_full(t, scenarios, self._puts_right(t.remedy))
                if t.remedy.id in (*tied, DO_NOTHING)
                else _short_row(t)
                for t in trials
            ),
        )

    def tied(self) -> list[str]:
        """Remedies whose cost is within TIE of the best, cheapest first.

        What puts a wrong configuration right is among them where it beats doing nothing: what is
        wrong with the network as it is intended is no fault of this incident.
        """
        order = sorted(self._trials.values(), key=lambda t: (t.cost, t.remedy.id))
        nothing = self._trials.get(DO_NOTHING)
        return [
            t.remedy.id
            for t in order
            if t.cost - order[0].cost <= TIE
            or (self._puts_right(t.remedy) and nothing is not None and t.cost < nothing.cost)
        ]

    def _puts_right(self, remedy: Remedy) -> bool:
        lasting = all(a.lasting and a not in self._stops_work for a in remedy.actions)
        return bool(remedy.actions) and lasting

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
        actions=in_words(trial.remedy.actions),
        cost=round(trial.cost, 3),
    )


def _in_full(trial: Trial, scenarios: Sequence[str], puts_right: bool) -> TrialInFull:
    return TrialInFull(
        **dict(_short_row(trial)),
        puts_right=puts_right,
        takes_away=any(a.limit() for a in trial.remedy.actions),
        services_in_breach=shown_interval(trial.ahead.breached_services),
        max_utilisation=shown_interval(trial.ahead.max_utilisation),
        lost_bps=short(trial.ahead.lost_bps.median),
        slo_minutes_ahead=trial.slo_minutes_ahead,
        cost_in_scenario=tuple(short(trial.in_scenario[s]) for s in scenarios),
    )


def _row(screened: Screened) -> ScreenedRow:
    return ScreenedRow(
        actions=screened.actions,
        cost=round(screened.cost.total, 3),
        max_utilisation=round(screened.max_utilisation, 3),
    )
