"""Work is announced on the command line, and a running watch takes it over."""

import json
from pathlib import Path

import pytest

from channels.networks import open_network
from evals.stage import Case, stage
from graphs.state_directory import StateDirectory
from graphs.workplace import Workplace
from tests.channels.conftest import noctua
from tests.graphs.stagehand import EVENING_S, case
from twin.nouns.planned_work import PlannedWork

WEST, OTHER = "HSTNng--LOSAng", "DNVRng--KSCYng"


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    """A state directory with Abilene in it, at 18:00, where nothing happens."""
    state = tmp_path / "state"
    scenario: Case = case()
    network = stage(scenario, 1, StateDirectory(state).network_file("live"), "live")
    network.close()
    StateDirectory(state).made_journal().close()
    return state


def _add(state: Path, *more: str) -> tuple[int, str, str]:
    return noctua(state, "work", "add", *more, "--by", "ann")


def _touching(state: Path) -> str:
    """What the knowledge graph says of announced work."""
    if not noctua(state, "graph", "query", "planned_work", "--network", "live")[1]:
        return ""
    return noctua(state, "graph", "query", "planned_work", "CHG-1", "--network", "live")[1]


def test_work_is_announced_with_what_it_does_and_listed(quiet: Path) -> None:
    code, output, _ = _add(quiet, "LOSAng-HSTNng", "--from", "+1h", "--to", "+2h", "--id", "CHG-1")
    assert code == 0
    assert (
        f"CHG-1 is announced on live: {WEST}, 2026-03-03 19:00:00 to 2026-03-03 21:00:00" in output
    )
    assert "no service in breach" in output
    assert "at risk since 19:00 UTC, with no alternative left" in output
    assert f"planned_work CHG-1 touches link {WEST}" in _touching(quiet)
    code, output, _ = noctua(quiet, "work", "list", "--json")
    (entry,) = json.loads(output)
    assert entry["work"]["links"] == [WEST]
    assert entry["record"]["added_by"] == {
        "name": "ann",
        "provider": "flag",
        "role": "single user",
        "channel": "command line",
    }
    assert entry["work"]["starts_s"] == EVENING_S + 3600
    assert noctua(quiet, "audit", "verify")[0] == 0


def test_work_on_a_node_is_on_all_of_its_links_and_refused_where_it_hurts(quiet: Path) -> None:
    times = ("--from", "2026-03-04 02:00", "--to", "2026-03-04T04:00+01:00")
    code, _, error = _add(quiet, "KSCYng", *times)
    assert code == 2
    assert "in breach" in error
    assert "--accept-breach" in error
    assert _add(quiet, "KSCYng", *times, "--accept-breach")[0] == 2
    accepted = ("--accept-breach", "--reason", "the router is replaced", "--json")
    code, output, _ = _add(quiet, "KSCYng", *times, *accepted)
    assert code == 0
    told = json.loads(output)["foretold"]
    assert len(told["work"]["links"]) == 3
    assert told["work"]["ends_s"] - told["work"]["starts_s"] == 3600.0
    assert told["in_breach"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nowhere", "--from", "now", "--to", "+1h"), "nowhere"),
        ((WEST, "--from", "soon", "--to", "+1h"), '"soon" is not a time'),
        ((WEST, "--from", "+2h", "--to", "2026-03-03 19:00"), "ends before it starts"),
        ((WEST, "--from", "2026-03-01", "--to", "+1h"), "over already"),
        ((WEST, "--from", "now", "--to", "+1h", "--id", "my work"), "is no id"),
    ],
)
def test_what_means_nothing_is_refused_with_the_remedy(
    quiet: Path, arguments: tuple[str, ...], told: str
) -> None:
    code, _, error = _add(quiet, *arguments)
    assert (code, told in error) == (2, True)
    assert noctua(quiet, "work", "list")[1] == "No work is announced.\n"


def test_cancelled_work_is_not_cancelled_twice_and_keeps_its_id(quiet: Path) -> None:
    when = ("--from", "+1h", "--to", "+2h", "--id", "CHG-1")
    assert _add(quiet, WEST, *when)[0] == 0
    assert noctua(quiet, "work", "cancel", "CHG-1", "--by", "ben", "--reason", "rain")[0] == 0
    assert _touching(quiet) == "", "what is cancelled touches nothing any more"
    code, _, error = noctua(quiet, "work", "cancel", "CHG-1", "--by", "ben")
    assert (code, "no work" in error) == (2, True)
    assert _add(quiet, WEST, *when)[0] == 2
    assert "cancelled" in noctua(quiet, "work", "list")[1]


@pytest.mark.slow
def test_running_watch_takes_work_over_and_hands_it_over(quiet: Path) -> None:
    directory = StateDirectory(quiet)
    network, clock = open_network(directory, "live")
    try:
        with Workplace(quiet, network, clock) as workplace:
            workplace.watch.step()
            assert not workplace.tracker.inventory.planned_work
            assert _add(quiet, WEST, "--from", "now", "--to", "+2h", "--id", "CHG-1")[0] == 0
            workplace.watch.step()
            (work,) = workplace.tracker.inventory.planned_work
            assert work == PlannedWork(
                id="CHG-1", links=(WEST,), starts_s=clock.now_s(), ends_s=clock.now_s() + 7200
            )
    finally:
        network.close()
    output = noctua(quiet, "handover")[1]
    assert "CHG-1  under way until 2026-03-03 20:" in output
    assert "no service in breach" in output


@pytest.mark.slow
def test_work_of_tonight_is_told_before_it_begins(quiet: Path) -> None:
    assert _add(quiet, WEST, "--from", "+4h", "--to", "+5h", "--id", "CHG-2")[0] == 0
    network, clock = open_network(StateDirectory(quiet), "live")
    try:
        with Workplace(quiet, network, clock) as workplace:
            workplace.watch.run(clock.now_s() + 120.0)
    finally:
        network.close()
    said = noctua(quiet, "ask", "is there any announced work tonight?")[1]
    assert "under way: none" in said
    assert f"begins within a day: CHG-2 on {WEST} from 2026-03-03 22:" in said


def test_contractor_is_kept_with_the_work_and_listed(quiet: Path) -> None:
    when = ("--from", "+1h", "--to", "+2h", "--accept-breach", "--reason", "agreed")
    assert _add(quiet, WEST, *when, "--contractor", " Digger Ltd ")[0] == 0
    assert "Digger Ltd" in noctua(quiet, "work", "list")[1]
    code, _, error = _add(quiet, WEST, *when, "--contractor", "Dig\x1b[2Jger")
    assert (code, "can be printed" in error) == (2, True)
