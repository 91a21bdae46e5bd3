"""What follows from what, each mechanism worked out by hand on a square: A to D over B or C."""

from collections.abc import Iterator

import pytest

from tests.twin.whatif.test_survey import square
from tools.runners.crew import CrewRunner, SharedCrew
from tools.runners.pool import PoolCrew
from twin.events.faults.link_down import LinkDown
from twin.events.faults.traffic_spike import TrafficSpike
from twin.imagination.chains.playing import MOST_HAPPENINGS, ChainTask
from twin.imagination.day_judge import DayJudge, JudgeTask
from twin.imagination.elements import elements_of
from twin.imagination.likelihood import Likelihood
from twin.imagination.scenario_text import read_scenario
from twin.nouns.chain import Chain, ChainRates, Chains
from twin.nouns.rates import Rates
from twin.physics.twin import Twin
from twin.runner import InProcessRunner
from twin.sources.world import WorldSpec, build_inventory

NOTHING = ChainRates(unprotected=0.0, returning=0.0, repair_fails=0.0, wrong_link=0.0)


@pytest.fixture(scope="module")
def full() -> Twin:
    """What is offered, 12 Gbit/s, is more than either way carries."""
    return square((("A", "D", 12.0),))


def rates(**changed: float) -> ChainRates:
    return NOTHING.model_copy(update=changed)


def chains(twin: Twin, text: str, how: ChainRates, draws: int = 1) -> Chains:
    scenario = read_scenario(text, twin.inventory.topology)
    return ChainTask(scenario, twin.state(), how, draws).play(twin, lambda: None)


def only(twin: Twin, text: str, how: ChainRates) -> Chain:
    return chains(twin, text, how).draws[0]


def test_nothing_follows_where_no_mechanism_strikes(full: Twin) -> None:
    chain = only(full, "at 10:00: link A-B down for 2 h; after 3 h node C down for 1 h", NOTHING)
    assert [one.mechanism for one in chain.happenings] == ["", ""]
    assert chain.depth == 1
    assert chain.slo_minutes == 180.0


def test_adjacency_is_lost_as_often_as_all_hellos_of_a_dead_interval_are(full: Twin) -> None:
    """A sixth is dropped, so that a dead interval is not survived with (1/6)^2, of 180 an hour."""
    how = rates(unprotected=1.0, hellos=2)
    drawn = chains(full, "at 10:00: link A-B down for 1 h", how, 200).draws
    lost = [chain for chain in drawn if len(chain.happenings) > 1]
    assert all(one.fault == LinkDown(link="A--C") or one.fault == LinkDown(link="A--B")
               for chain in lost for one in chain.happenings)  # fmt: skip
    within_s = [chain.happenings[1].at_s for chain in lost]
    # Half of the first losses come within the median of the geometric law: 24.6 intervals of 20 s.
    early = sum(at_s <= 20.0 * 24 for at_s in within_s) / len(drawn)
    assert early == pytest.approx(1.0 - (1.0 - 1.0 / 36.0) ** 24, abs=0.1)


def test_loss_is_an_effect_of_what_overloads_the_link(full: Twin) -> None:
    text = "at 10:00: traffic to B x1.5 for 2 h; after 10 min link A-B down for 2 h"
    chain = only(full, text, rates(unprotected=1.0, hellos=1))
    first = chain.happenings[2]
    assert (first.mechanism, first.cause, first.depth) == ("hellos lost", 1, 2)
    assert first.at_s >= 600.0
    assert first.until_s == first.at_s + 120.0
    assert "4" not in first.why
    assert chain.depth >= 2


def test_network_that_gives_hellos_priority_loses_none_to_overload(full: Twin) -> None:
    chain = only(full, "at 10:00: link A-B down", rates(hellos=1))
    assert len(chain.happenings) == 1


def test_line_that_corrupts_packets_loses_hellos_whatever_their_priority(full: Twin) -> None:
    text = "at 10:00: link B-D loses 60 % from B for 3 h"
    chain = only(full, text, rates(hellos=1))
    assert chain.happenings[1].fault == LinkDown(link="B--D")
    assert chain.happenings[1].cause == 0


def test_what_was_cut_off_comes_back_with_more(full: Twin) -> None:
    chain = only(full, "at 10:00: node D down for 1 h", rates(returning=0.2))
    (_, back) = chain.happenings
    assert isinstance(back.fault, TrafficSpike)
    assert (back.fault.target, back.at_s, back.until_s) == ("D", 3600.0, 4200.0)
    assert (back.cause, back.depth) == (0, 2)
    assert 1.02 < back.fault.factor < 1.6


def test_what_is_lost_to_those_who_come_back_comes_back_too(full: Twin) -> None:
    """12 Gbit/s come back three times as many, and 20 are carried."""
    chain = only(full, "at 10:00: node D down for 1 h", rates(returning=2.0))
    second = chain.happenings[2]
    assert (second.cause, second.depth, second.at_s) == (1, 3, 4200.0)


def test_nobody_asks_again_after_a_moment(full: Twin) -> None:
    chain = only(full, "at 10:00: node D down for 4 min", rates(returning=1.0))
    assert len(chain.happenings) == 1


def test_repair_that_never_holds_takes_as_long_again_and_again(full: Twin) -> None:
    chain = only(full, "at 10:00: link A-B down for 6 h", rates(repair_fails=1.0))
    times = [(one.at_s, one.until_s, one.depth) for one in chain.happenings]
    hours = 3600.0
    assert times == [(6 * k * hours, 6 * (k + 1) * hours, k + 1) for k in range(4)]
    assert chain.slo_minutes == 24 * 60.0


def test_crew_takes_down_a_link_that_ends_where_it_works(full: Twin) -> None:
    drawn = chains(full, "at 10:00: link A-B down for 2 h", rates(wrong_link=1.0), 20).draws
    hits = [chain.happenings[1] for chain in drawn]
    assert {(one.at_s, one.until_s, one.cause) for one in hits} == {(5400.0, 7200.0, 0)}
    assert {one.resources for hit in hits if (one := hit.fault)} == {("A--C",), ("B--D",)}


def test_flood_is_repaired_by_nobody(full: Twin) -> None:
    chain = only(full, "at 10:00: syn flood on D of 1M/s for 1 h", rates(repair_fails=1.0))
    assert len(chain.happenings) == 1


def test_remedy_is_in_force_when_the_second_event_strikes() -> None:
    twin = Twin(build_inventory(WorldSpec(topology="sndlib/abilene")))
    lossy = "link HSTNng-KSCYng loses 5 % from HSTNng for 6 h"
    alone = only(twin, f"at 08:00: {lossy}", NOTHING)
    both = only(twin, f"at 08:00: {lossy}; after 1 h node ATLAng down for 1 h", NOTHING)
    assert len(alone.happenings) == 1
    acted = both.happenings[2]
    assert acted.actions
    assert (acted.mechanism, acted.cause, acted.at_s) == ("we act", 0, 900.0)
    assert acted.until_s == 6 * 3600.0
    # Nothing follows from what we did.
    assert both.depth == 1


def test_chain_has_the_share_of_draws_that_are_like_it(full: Twin) -> None:
    drawn = chains(full, "at 10:00: link A-B down for 2 h", rates(repair_fails=0.5), 40)
    shares = drawn.shares()
    assert sum(share for share, _ in shares) == pytest.approx(1.0)
    assert [share for share, _ in shares] == sorted((s for s, _ in shares), reverse=True)
    held = sum(len(chain.happenings) == 1 for chain in drawn.draws) / 40
    assert held in [share for share, chain in shares if len(chain.happenings) == 1]
    assert 0.3 < held < 0.7


def test_what_goes_on_all_day_ends_with_a_bounded_number_of_events(full: Twin) -> None:
    chain = only(full, "at 10:00: link A-B down", rates(unprotected=1.0, hellos=1))
    assert len(chain.happenings) == MOST_HAPPENINGS


@pytest.fixture(scope="module")
def crew() -> Iterator[PoolCrew]:
    pool = PoolCrew(1)
    yield pool
    pool.close()


def test_same_seed_gives_the_same_bytes_on_any_runner(full: Twin, crew: PoolCrew) -> None:
    scenario = read_scenario("at 10:00: link A-B down for 2 h", full.inventory.topology)
    how = ChainRates(unprotected=0.5, hellos=1, repair_fails=0.5)
    tasks = [ChainTask(scenario, full.state(), how, 3, first_seed=seed) for seed in (0, 3)]
    here = [one.model_dump_json() for one in InProcessRunner(full).run(tasks)]
    there = [one.model_dump_json() for one in CrewRunner(SharedCrew(crew), full).run(tasks[::-1])]
    assert there[::-1] == here
    assert here[0] != here[1]


def test_verdicts_are_the_same_bytes_on_any_runner(full: Twin, crew: PoolCrew) -> None:
    texts = ("at 10:00: link A-B down for 2 h", "at 11:00: node A down; after 1 h node C down")
    likelihood = Likelihood(elements_of(full.inventory.topology, Rates()))
    tasks = [
        JudgeTask(read_scenario(text, full.inventory.topology), full.state(), likelihood)
        for text in texts
    ]
    here = [one.model_dump_json() for one in InProcessRunner(full).run(tasks)]
    there = [one.model_dump_json() for one in CrewRunner(SharedCrew(crew), full).run(tasks[::-1])]
    assert there[::-1] == here
    judge = DayJudge(full, full.state(), likelihood)
    assert [judge.judge(task.scenario).model_dump_json() for task in tasks] == here
