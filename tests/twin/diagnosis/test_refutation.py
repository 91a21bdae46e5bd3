"""Just below and just above what counts as seen."""

from dataclasses import replace

import numpy as np
import pytest

from tests.twin.tracking.square import A_TO_B, inventory, topology
from twin.diagnosis.refutation import look_up
from twin.nouns.diagnosis import Refuter
from twin.nouns.observation import Observation
from twin.physics.twin import Twin

BUILT = topology()
NORMAL = Twin(inventory(BUILT)).state()
HEALTHY = Observation(
    rounds=3,
    sent_bps=np.zeros(BUILT.n_arcs),
    load_bias=np.zeros(BUILT.n_arcs),
    load_sigma=np.full(BUILT.n_arcs, 0.1),
    loss=np.zeros(BUILT.n_arcs),
    loss_sigma=np.full(BUILT.n_arcs, 0.0005),
    drop_fraction=np.zeros(BUILT.n_arcs),
    inbound_ratio=np.ones(4),
    inbound_sigma=np.full(4, 0.15),
    down_since={},
    running=NORMAL.running,
)


def _verdict(observable: str, resource: str, seen: Observation) -> str:
    """Of a cause that would be refuted if it were seen."""
    told = {"observable": observable, "resource": resource, "seen": True}
    return look_up(Refuter.model_validate(told), seen, NORMAL, unread=()).verdict


def _of_a(value: float) -> np.ndarray:
    """(n_arcs,) `value` for what A sends B, 0 elsewhere."""
    arcs = np.zeros(BUILT.n_arcs)
    arcs[A_TO_B] = value
    return arcs


@pytest.mark.parametrize(("share", "verdict"), [(0.0019, "not_refuted"), (0.0021, "refuted")])
def test_drops_are_seen_from_two_in_a_thousand(share: float, verdict: str) -> None:
    seen = replace(HEALTHY, drop_fraction=_of_a(share))
    assert _verdict("queue_drops", "A|A-B", seen) == verdict
    assert _verdict("queue_drops", "B|A-B", seen) == "not_refuted"


@pytest.mark.parametrize(
    ("sigma", "share", "verdict"),
    [
        (0.0005, 0.0039, "not_refuted"),
        (0.0005, 0.0041, "refuted"),
        (0.0020, 0.0079, "not_refuted"),
        (0.0020, 0.0081, "refuted"),
    ],
)
def test_silent_loss_is_seen_beyond_four_deviations_and_from_four_in_a_thousand(
    sigma: float, share: float, verdict: str
) -> None:
    noise = np.full(BUILT.n_arcs, sigma)
    seen = replace(HEALTHY, loss=_of_a(share), loss_sigma=noise)
    assert _verdict("silent_loss", "A|A-B", seen) == verdict


@pytest.mark.parametrize(("factor", "verdict"), [(1.14, "not_refuted"), (1.16, "refuted")])
def test_surge_is_seen_from_15_percent_more_than_expected(factor: float, verdict: str) -> None:
    seen = replace(HEALTHY, inbound_ratio=np.array([1.0, factor, 1.0, 1.0]))
    assert _verdict("traffic_surge", "B", seen) == verdict


@pytest.mark.parametrize("observable", ["silent_loss", "queue_drops"])
def test_without_a_clean_round_counters_refute_nothing(observable: str) -> None:
    seen = replace(HEALTHY, rounds=0, loss=_of_a(0.5), drop_fraction=_of_a(0.5))
    assert _verdict(observable, "A|A-B", seen) == "not_observable"
    assert _verdict(observable, "A|A-B", replace(seen, rounds=1)) == "refuted"
