"""Who logs in on healthy days, before a change that somebody means, and before a breach."""

from collections.abc import Callable

import numpy as np
import pytest

from tools.network.emulated import EmulatedNetwork
from tools.network.emulated.access import FAN_OUT, MACHINES, STATIONS
from tools.network.emulated.case_truth import CaseTruth, TimedEvent
from twin.events.fault import Fault
from twin.events.faults.access_breach import AccessBreach
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.nouns.telemetry import ConfigurationEvent, FlowRound, LogInEvent

Start = Callable[..., EmulatedNetwork]

WEIGHT = IgpWeightMisconfig(node="A", link="A-B-1", weight=77)
BREACH = AccessBreach(node="A", change=WEIGHT)


def _heard(
    start: Start, *faults: Fault, seed: int = 1, seconds: float = 2000.0
) -> tuple[list[LogInEvent], list[FlowRound]]:
    """Until a little after `faults`, which begin at 1800 s."""
    events = tuple(TimedEvent(at_s=1800, fault=fault) for fault in faults)
    name = f"{len(faults)}-{faults[0].kind if faults else 'healthy'}-{seed}"
    network = start(CaseTruth(events=events), seed=seed, name=name)
    network.advance(network.now_s() + seconds)
    records = network.poll()
    assert any(isinstance(r, ConfigurationEvent) for r in records) is bool(faults)
    return (
        [r for r in records if isinstance(r, LogInEvent)],
        [r for r in records if isinstance(r, FlowRound)],
    )


def test_healthy_days_have_log_ins_and_some_fail(start: Start) -> None:
    network = start()
    network.advance(network.now_s() + 40_000)
    told = [r for r in network.poll() if isinstance(r, LogInEvent)]
    # Six devices for eleven hours, some told twice.
    assert 40 < len(told) < 110
    assert 0 < sum(not r.ok for r in told) < 0.2 * len(told)
    assert {r.address.raw for r in told} >= set(STATIONS)


def test_whoever_means_well_has_logged_in_and_reaches_nobody(start: Start) -> None:
    log_ins, rounds = _heard(start, WEIGHT)
    own = [r for r in log_ins if r.node == "A" and r.user.raw == "ops4" and r.ok]
    assert any(1500.0 <= r.time_s - rounds[0].from_s <= 1740.0 for r in own)
    assert {r.address.raw for r in own} <= set(STATIONS)
    assert max(r.fan_out[0] for r in rounds if np.isfinite(r.fan_out[0])) < 30 * FAN_OUT


def test_breach_has_what_a_change_has_not_and_the_same_change(start: Start) -> None:
    strange = scanning = failing = 0
    for seed in range(1, 9):
        log_ins, rounds = _heard(start, BREACH, seed=seed)
        of_a = [r for r in log_ins if r.node == "A"]
        strange += any(r.ok and r.address.raw.startswith("203.0.113.") for r in of_a)
        failing += sum(not r.ok for r in of_a) >= 3
        seen = [r.fan_out[0] for r in rounds]
        scanning += np.nanmax(seen[-3:]) > 3 * np.nanmedian(seen[:3])
    # By chance: a fifth comes by the management network, two fifths hardly fail.
    assert 4 <= strange <= 8
    assert 2 <= failing <= 7
    assert scanning >= 4


def test_breach_changes_what_the_device_runs(start: Start) -> None:
    events = (TimedEvent(at_s=100, fault=BREACH),)
    network = start(CaseTruth(events=events))
    network.advance(network.now_s() + 120)
    assert network.running("A").interface("A-B-1").igp_weight == 77


def test_whoever_configures_by_netconf_logs_in(start: Start) -> None:
    network = start()
    device = network.running("B")
    link = device.interfaces[0].link
    changed = device.with_interface(device.interface(link).model_copy(update={"igp_weight": 33}))
    network.stage("c1", changed)
    network.commit("B", "c1", 600.0)
    network.advance(network.now_s() + 120)
    addresses = [
        r.address.raw for r in network.poll() if isinstance(r, LogInEvent) and r.node == "B"
    ]
    assert MACHINES in addresses


@pytest.mark.parametrize("until_s", [600.0, 930.0])
def test_what_was_told_is_told_again_after_a_restart(start: Start, until_s: float) -> None:
    events = (TimedEvent(at_s=1000, fault=BREACH),)
    whole = start(CaseTruth(events=events), name="whole")
    broken = start(CaseTruth(events=events), name="broken")
    broken.advance(broken.now_s() + until_s)
    whole.advance(whole.now_s() + 1200)
    broken.advance(broken.now_s() + 1200 - until_s)
    one, other = (
        [(r.time_s, r.node, r.ok) for r in network.poll() if isinstance(r, LogInEvent)]
        for network in (whole, broken)
    )
    assert sorted(one) == sorted(other)
