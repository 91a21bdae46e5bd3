"""Elastic senders settle: what the network shows over time is what its steady state says."""

import tempfile
from pathlib import Path

import numpy as np
import pytest

from evals.stage import load_case, stage
from tools.network.emulated.truth_view import TruthView


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fern-hollow", "tall-grass"])
def test_congested_network_over_time_agrees_with_its_steady_state(name: str) -> None:
    case = load_case(name)
    fault_s = case.world.starts_s + case.truth.events[0].at_s
    network = stage(case, 1, Path(tempfile.mkdtemp()) / "live.sqlite")
    network.advance(fault_s + 1500.0)
    view = TruthView(network)
    seen = [s for s in view.samples if s.time_s > fault_s + 600.0]
    running = network.running_configuration()
    steady = [view.evaluate_steady(running, s.time_s) for s in seen[::4]]
    network.close()
    lost_live = np.mean([s.lost_bps.sum() for s in seen[::4]])
    lost_steady = np.mean([s.lost_bps.sum() for s in steady])
    assert lost_live > 0
    assert lost_live == pytest.approx(lost_steady, rel=0.1)
    breach_live = np.mean([s.breach.sum() for s in seen[::4]])
    assert breach_live == pytest.approx(np.mean([s.breach.sum() for s in steady]), abs=1.0)
