"""Changes on a device: staged, committed for a time, confirmed or returned, and remembered."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tools.network.emulated import EmulatedNetwork, SimulatedClock
from tools.network.protocol import CommitState, Network
from twin.errors import NetworkError, UnknownNode
from twin.nouns.configuration import DeviceConfiguration
from twin.nouns.telemetry import ConfigurationEvent

Start = Callable[..., EmulatedNetwork]


def _heavier(network: EmulatedNetwork, weight: int = 50) -> DeviceConfiguration:
    device = network.running("B")
    changed = device.interface("B-E").model_copy(update={"igp_weight": weight})
    return device.with_interface(changed)


def _states(network: Network) -> list[CommitState]:
    return [record.state for record in network.commit_log("B")]


def test_emulated_network_is_a_network(start: Start) -> None:
    network: Network = start()
    assert network.name == "six"
    assert network.now_s() == 1_800_000_000.0


def test_staging_changes_nothing_but_shows_the_diff(start: Start) -> None:
    network = start(mismatch=0)
    before = network.running("B")
    network.stage("c1", _heavier(network))
    assert network.running("B") == before
    assert "-  igp weight 10" in network.diff("B", "c1")
    assert "+  igp weight 50" in network.diff("B", "c1")


def test_confirmed_commit_stays(start: Start) -> None:
    network = start(mismatch=0)
    network.stage("c1", _heavier(network))
    record = network.commit("B", "c1", 60.0)
    assert record.return_at_s == network.now_s() + 60
    network.advance(network.now_s() + 30)
    network.confirm("B", "c1")
    network.advance(network.now_s() + 600)
    assert network.running("B").interface("B-E").igp_weight == 50
    assert _states(network) == [CommitState.STAGED, CommitState.COMMITTED, CommitState.CONFIRMED]


def test_unconfirmed_commit_returns_by_itself_at_its_time(start: Start) -> None:
    network = start(mismatch=0)
    before = network.running("B")
    network.stage("c1", _heavier(network))
    network.commit("B", "c1", 60.0)
    network.advance(network.now_s() + 59)
    assert network.running("B") != before
    network.advance(network.now_s() + 2)
    assert network.running("B") == before
    last = network.commit_log("B")[-1]
    assert (last.state, last.time_s) == (CommitState.RETURNED, 1_800_000_060.0)
    with pytest.raises(NetworkError, match="returned"):
        network.confirm("B", "c1")


def test_committed_weight_moves_traffic_a_little_later(start: Start) -> None:
    network = start(mismatch=0)
    arc = 2 * network.physical.topology.link_index["B-E"]
    loaded = network.physical.flowing.offered[:, arc].sum()
    network.stage("c1", _heavier(network))
    network.commit("B", "c1", 600.0)
    assert network.physical.flowing.offered[:, arc].sum() == loaded
    network.advance(network.now_s() + 10)
    assert network.physical.flowing.offered[:, arc].sum() < 0.6 * loaded


def test_same_change_id_is_refused_twice_even_after_the_end(start: Start) -> None:
    network = start()
    network.stage("c1", _heavier(network))
    with pytest.raises(NetworkError, match="staged before"):
        network.stage("c1", _heavier(network))
    network.roll_back("B", "c1")
    with pytest.raises(NetworkError, match="staged before"):
        network.stage("c1", _heavier(network))


def test_one_open_change_per_device(start: Start) -> None:
    network = start()
    network.stage("c1", _heavier(network))
    with pytest.raises(NetworkError, match='"c1" is staged'):
        network.stage("c2", _heavier(network, 70))
    network.commit("B", "c1", 60)
    with pytest.raises(NetworkError, match='"c1" is committed'):
        network.stage("c2", _heavier(network, 70))
    network.confirm("B", "c1")
    network.stage("c2", _heavier(network, 70))


def test_no_commit_happens_twice(start: Start) -> None:
    network = start()
    network.stage("c1", _heavier(network))
    network.commit("B", "c1", 60)
    with pytest.raises(NetworkError, match="not staged"):
        network.commit("B", "c1", 60)
    assert _states(network).count(CommitState.COMMITTED) == 1


def test_roll_back_returns_an_unconfirmed_commit_now(start: Start) -> None:
    network = start()
    before = network.running("B")
    network.stage("c1", _heavier(network))
    network.commit("B", "c1", 60)
    network.roll_back("B", "c1")
    assert network.running("B") == before
    with pytest.raises(NetworkError, match="rolled_back"):
        network.roll_back("B", "c1")


def test_commit_is_reported_with_the_id_of_the_committer(start: Start) -> None:
    network = start(mismatch=0)
    network.stage("c1", _heavier(network))
    network.commit("B", "c1", 600)
    network.advance(network.now_s() + 60)
    events = [e for e in network.poll() if isinstance(e, ConfigurationEvent)]
    assert [(e.node, e.change_id.raw) for e in events] == [("B", "c1")]


def test_candidate_with_other_interfaces_is_refused(start: Start) -> None:
    network = start()
    device = network.running("B")
    with pytest.raises(NetworkError, match="interfaces"):
        network.stage("c1", device.model_copy(update={"interfaces": device.interfaces[1:]}))


def test_unknown_names_are_refused(start: Start) -> None:
    network = start()
    with pytest.raises(UnknownNode):
        network.running("Z")
    with pytest.raises(NetworkError, match="no change"):
        network.commit("B", "c9", 60)
    with pytest.raises(NetworkError, match="no order"):
        network.repair_report("d9")


def test_waiting_moves_the_network(start: Start) -> None:
    network = start()
    clock = SimulatedClock(network)
    clock.wait_until(clock.now_s() + 90)
    assert network.now_s() == 1_800_000_090.0
    clock.wait_until(0.0)
    assert clock.now_s() == 1_800_000_090.0


def test_return_timer_runs_on_while_nobody_is_connected(start: Start, tmp_path: Path) -> None:
    network = start(mismatch=0)
    before = network.running("B")
    network.stage("c1", _heavier(network))
    network.commit("B", "c1", 60)
    network.close()
    again = EmulatedNetwork.open(tmp_path / "six.db")
    try:
        assert again.running("B") != before
        with pytest.raises(NetworkError, match="staged before"):
            again.stage("c1", _heavier(again))
        again.advance(again.now_s() + 61)
        assert again.running("B") == before
        assert _states(again)[-1] == CommitState.RETURNED
    finally:
        again.close()


def test_only_one_process_holds_the_file(start: Start, tmp_path: Path) -> None:
    start()
    with pytest.raises(NetworkError, match="another process"):
        EmulatedNetwork.open(tmp_path / "six.db")


def test_file_is_neither_overwritten_nor_invented(start: Start, tmp_path: Path) -> None:
    start()
    with pytest.raises(NetworkError, match="exists"):
        start()
    with pytest.raises(NetworkError, match="does not exist"):
        EmulatedNetwork.open(tmp_path / "none.db")
