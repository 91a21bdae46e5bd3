"""The storm is a storm, the same every time, and what is said of it is measured."""

from pathlib import Path

import pytest

from evals.stage import designed_inventory, stage
from evals.storm import StormReport, measure_storm, storm_case
from evals.stormy_network import Event, Storm, StormyNetwork
from tools.network.emulated.network_file import NetworkFile
from twin.nouns.telemetry import AdjacencyEvent, SyslogLine, Telemetry


@pytest.fixture(scope="module")
def report() -> StormReport:
    return measure_storm(1, 10_000)


@pytest.mark.slow
def test_no_unique_alarm_is_lost_and_the_incidents_are_those_of_the_calm_hour(
    report: StormReport,
) -> None:
    assert report.in_storm >= 10_000
    assert len(report.raised) == 3
    assert report.lost == ()
    assert report.incidents == report.incidents_without == 1
    assert report.same_incidents
    assert report.flaps == 3


@pytest.mark.slow
def test_almost_all_of_it_is_folded_late_shed_or_unknown(report: StormReport) -> None:
    assert report.folded + report.late + report.shed + report.unknown > 0.9 * report.alarms
    assert min(report.folded, report.late, report.shed, report.unknown) > 0


@pytest.mark.slow
def test_five_storms_take_no_more_memory_than_one(report: StormReport) -> None:
    assert 0 < report.kept_mib <= report.peak_mib
    assert report.kept_again_mib < report.kept_mib + 0.05


@pytest.mark.slow
def test_every_figure_is_in_the_text(report: StormReport) -> None:
    text = "\n".join(report.lines)
    for figure in (report.alarms, report.folded, report.unknown, report.shed, report.late):
        assert str(figure) in text
    assert "unique alarms lost: 0" in text
    lossy = report.model_copy(update={"lost": ("adjacency_down:X",), "same_incidents": False})
    assert "unique alarms lost: 1 adjacency_down:X" in "\n".join(lossy.lines)
    assert "NOT the same" in "\n".join(lossy.lines)


def _delivered(folder: Path, storm: Storm) -> list[Telemetry]:
    case, _, _ = storm_case(1)
    file = folder / "live.sqlite"
    stage(case, 1, file).close()
    network = StormyNetwork(NetworkFile(file, create=False), storm)
    try:
        found: list[Telemetry] = []
        for after_s in (0.0, 30.0, 60.0, 90.0):
            network.advance(storm.starts_s + after_s)
            found += network.poll()
        return found
    finally:
        network.close()


@pytest.mark.slow
def test_same_seed_is_the_same_storm_in_order_of_arrival(tmp_path: Path) -> None:
    case, _, flapping = storm_case(1)
    storm = Storm(case.world.starts_s + 600.0, events=2_000, flapping=flapping)
    one, two = (_delivered(tmp_path / name, storm) for name in ("one", "two"))
    events = [e for e in one if isinstance(e, Event)]
    assert events == [e for e in two if isinstance(e, Event)]
    assert [r.received_s for r in events] == sorted(r.received_s for r in events)
    inside = [e for e in events if storm.starts_s <= e.received_s <= storm.starts_s + 60.0]
    assert len(inside) >= storm.events
    assert {type(e) for e in inside} >= {AdjacencyEvent, SyslogLine}
    known = {n.id for n in designed_inventory(case.world).topology.nodes}
    assert known <= {e.node for e in inside}, "all nodes take part"
