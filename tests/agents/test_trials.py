"""Remedies against doing nothing, and which of them may be chosen."""

import pytest

from agents.loop.transcript import json_text, plain
from agents.roles.remediator import Choice, ChoiceTask, Chooser, TrialInFull, TrialRow
from agents.roles.situation import Situation
from tests.agents.conftest import Place
from tests.twin.tracking.square import START_S, inventory
from twin.errors import Ungrounded
from twin.events.action import Action
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.faults.link_down import LinkDown
from twin.nouns.plan import Remedy
from twin.remedies.objective import DEVICE_WEIGHT, Outlook
from twin.remedies.trials import DRAWS, ROLLOUTS, TIE, Trial, simulate

# B's 2.5 of D's 5 Gbit/s come over A: 10.5 on A-B, which carries 10.
CROWDED = (("A", "B", 8e9), ("D", "B", 5e9))
NOTHING = Remedy(id="R0", actions=(), reason="wait")


@pytest.fixture
def situation(place: Place) -> Situation:
    situation = place(inventory(demands=CROWDED, services=(("A", "B"), ("D", "B"))))
    situation.tracker.now_s = START_S
    return situation


OUTLOOK = Outlook.at(1.0, 2.5)
"""Two and a half hours at the demand of now."""


def _remedy(name: str, *actions: Action) -> Remedy:
    return Remedy(id=name, actions=actions, reason="a try")


DIRECT = _remedy("R1", SetIgpWeight(node="D", link="A-D", weight=60))
"""All of D's traffic goes by C."""

HARMFUL = _remedy("R2", DrainLink(link="B-C"))
"""All of it goes by A."""

USELESS = _remedy("R3", SetIgpWeight(node="C", link="C-D", weight=11))


def _simulated(situation: Situation, *remedies: Remedy) -> dict[str, Trial]:
    state = situation.twin.state()
    down = {"link_down@C-D": (LinkDown(link="C-D"), 0.01)}
    return {t.remedy.id: t for t in simulate(situation, state, OUTLOOK, remedies, down)}


def test_remedy_that_relieves_costs_less_than_doing_nothing_and_a_harmful_one_more(
    situation: Situation,
) -> None:
    trials = _simulated(situation, NOTHING, DIRECT, HARMFUL)
    costs = [trials[name].cost for name in ("R1", "R0", "R2")]
    assert costs == sorted(costs)
    assert costs[0] + TIE < costs[1]
    assert costs[1] + TIE < costs[2]
    assert trials["R1"].ahead.max_utilisation.median == pytest.approx(0.8, rel=0.1)


def test_same_seeds_make_the_difference_between_remedies_exact(situation: Situation) -> None:
    """C sends nothing by C-D, so what differs is only the device that is touched."""
    trials = _simulated(situation, NOTHING, USELESS)
    assert trials["R3"].ahead == trials["R0"].ahead
    assert trials["R3"].cost - trials["R0"].cost == pytest.approx(DEVICE_WEIGHT)


def test_forecasts_rest_on_at_least_fifty_rollouts(situation: Situation) -> None:
    (trial,) = _simulated(situation, NOTHING).values()
    assert trial.ahead.rollouts == ROLLOUTS >= 50
    assert DRAWS >= 8
    assert trial.ahead.seed == situation.seed


def test_imagined_failure_counts_by_its_probability(situation: Situation) -> None:
    state = situation.twin.state()
    fault = LinkDown(link="B-C")
    (never,) = simulate(situation, state, OUTLOOK, [NOTHING], {"x": (fault, 0.0)})
    (sure,) = simulate(situation, state, OUTLOOK, [NOTHING], {"x": (fault, 1.0)})
    assert sure.cost - never.cost == pytest.approx(sure.in_scenario["x"])
    assert sure.in_scenario["x"] > 0


def test_simulating_twice_gives_the_same(situation: Situation) -> None:
    assert _simulated(situation, NOTHING, DIRECT) == _simulated(situation, NOTHING, DIRECT)


# Choosing


@pytest.fixture
def trials(situation: Situation) -> list[Trial]:
    return list(_simulated(situation, NOTHING, DIRECT, HARMFUL, USELESS).values())


def _choice(remedy: str) -> Choice:
    return Choice(remedy=remedy, reason="because")


def test_only_what_ties_with_the_best_may_be_chosen(trials: list[Trial]) -> None:
    chooser = Chooser(trials)
    assert chooser.tied() == ["R1"]
    chooser.ground(_choice("R1"))
    for worse in ("R0", "R2", "R3"):
        with pytest.raises(Ungrounded, match='forecast to be worse than "R1"'):
            chooser.ground(_choice(worse))


def test_remedy_that_failed_is_not_offered_again(trials: list[Trial]) -> None:
    chooser = Chooser(trials, excluded=["R1"])
    assert chooser.tied() == ["R0", "R3"]
    chooser.ground(_choice("R3"))
    with pytest.raises(Ungrounded, match='"R1" was not simulated'):
        chooser.ground(_choice("R1"))


def test_chooser_is_told_every_trial_that_is_left(trials: list[Trial]) -> None:
    task = Chooser(trials, excluded=["R2"]).task()
    assert task.within_tie == ("R1",)
    assert [t.remedy for t in task.trials] == ["R0", "R1", "R3"]
    assert task.trials[1].actions == ("set the IGP weight of D on A-D to 60",)
    assert isinstance(task.trials[1], TrialInFull)
    assert (task.trials[1].puts_right, task.trials[1].takes_away) == (False, False)
    assert [type(t) for t in task.trials] == [TrialInFull, TrialInFull, TrialRow]
    assert ChoiceTask.model_validate_json(json_text(plain(task))) == task


@pytest.mark.parametrize(("cost", "may"), [(5.0, True), (11.0, False)])
def test_what_puts_a_configuration_right_may_be_chosen_where_it_beats_doing_nothing(
    trials: list[Trial], cost: float, may: bool
) -> None:
    nothing, direct = trials[0], trials[1]
    revert = _remedy("R4", RevertToIntended(node="A"))
    told = [
        nothing.model_copy(update={"cost": 10.0}),
        direct.model_copy(update={"cost": 1.0}),
        direct.model_copy(update={"remedy": revert, "cost": cost}),
    ]
    assert ("R4" in Chooser(told).tied()) is may


@pytest.mark.parametrize(("dearer", "are_tied"), [(0.49, True), (0.51, False)])
def test_costs_within_half_a_service_hour_are_a_tie(
    situation: Situation, dearer: float, are_tied: bool
) -> None:
    (trial,) = _simulated(situation, DIRECT).values()
    other = trial.model_copy(update={"remedy": USELESS, "cost": trial.cost + dearer})
    assert Chooser([other, trial]).tied() == (["R1", "R3"] if are_tied else ["R1"])
