"""Weights against a failure that has not struck: they help, and cost nobody anything."""

from dataclasses import replace

import pytest

from twin.imagination.elements import elements_of
from twin.imagination.enumeration import enumerated
from twin.imagination.reckoning import Reckoning
from twin.imagination.regimes import regimes_of
from twin.imagination.register import Register, register_of
from twin.nouns.rates import History, Rates
from twin.nouns.risk import HardeningCosts, Prevention, Risk
from twin.nouns.state import NetworkState
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory
from twin.whatif.engine import WhatIfEngine


def _twin(name: str) -> Twin:
    return Twin(build_inventory(WorldSpec(topology=name)))


def _register(twin: Twin, lines: int) -> Register:
    state = twin.state()
    elements, regimes = elements_of(state.topology, Rates()), regimes_of(twin.inventory.profile)
    found = enumerated(twin, state, elements, regimes, lines=lines)
    return register_of(found, twin.services.services, lines)


def _line(register: Register, *elements: str) -> Risk:
    return next(x for x in register.lines if set(x.elements) == set(elements))


def _reckoning(twin: Twin, state: NetworkState) -> Reckoning:
    return Reckoning(twin.of(state), state, Rates(), History(), 1)


def _after(state: NetworkState, found: Prevention) -> NetworkState:
    for action in found.actions:
        state = action.after(state)
    return state


@pytest.fixture(scope="module")
def europe() -> Twin:
    return _twin("sndlib/nobel-eu")


@pytest.fixture(scope="module")
def line(europe: Twin) -> Risk:
    return _line(_register(europe, 12), "group duct:Milan:1")


@pytest.fixture(scope="module")
def found(europe: Twin, line: Risk) -> Prevention:
    return _reckoning(europe, europe.state()).prevention(line, [line])


def test_weights_take_much_of_a_line_away_and_all_together_costs_less(
    europe: Twin, line: Risk, found: Prevention
) -> None:
    assert 1 <= len(found.actions) <= 4
    assert found.slo_minutes_left < 0.8 * found.slo_minutes
    assert found.everything - found.everything_left >= 0.1 * found.slo_minutes
    changed = _reckoning(europe, _after(europe.state(), found))
    assert changed.prevention(line, [line]).slo_minutes == pytest.approx(found.slo_minutes_left)


def test_nothing_breaks_while_all_is_well_also_with_more_demand(
    europe: Twin, found: Prevention
) -> None:
    for level in (0.4, 0.7, 1.0, 1.05):
        state = replace(europe.state(), traffic=europe.state().traffic.scaled(level))
        engine = WhatIfEngine(state, europe.services, europe.parameters)
        usual, after = engine.verdicts([(), found.actions]).levels.in_breach
        assert not (after & ~usual).any()


@pytest.fixture(scope="module")
def america() -> Twin:
    return _twin("sndlib/abilene")


def test_what_becomes_a_failure_of_one_alone_is_no_remedy(america: Twin) -> None:
    """Without both links all of the west hangs on one that is too small. Weights can have it hang
    there without either: of the two together nothing is left then, and each costs it all.
    """
    register = _register(america, 30)
    both = _line(register, "link DNVRng--SNVAng", "link HSTNng--LOSAng")
    reckoning = _reckoning(america, america.state())
    assert reckoning.prevention(both, register.lines).actions == ()
    assert reckoning.prevention(both, []).actions == ()


def test_a_line_that_weights_do_not_help_may_be_built_against(america: Twin) -> None:
    register = _register(america, 40)
    reckoning = _reckoning(america, america.state())
    helped = _line(register, "link ATLAng--HSTNng", "link HSTNng--KSCYng")
    assert not reckoning.prevention(helped, register.lines).actions
    build = reckoning.to_build(helped, HardeningCosts())
    assert build is not None
    assert build.what == "one more member of DNVRng--SNVAng"
    assert build.share_left < 0.8
    cut_off = _line(register, "link ATLAM5--ATLAng")
    assert reckoning.to_build(cut_off, HardeningCosts()) is None
