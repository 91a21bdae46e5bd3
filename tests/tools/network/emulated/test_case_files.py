"""Case files: what may be known and what is true, read apart."""

import pytest

from tools.network.emulated.case_truth import load_case_truth
from tools.network.emulated.case_world import load_case_world
from twin.errors import BadCase

CASE = """
world:
  id: case-0017
  topology: sndlib/germany50
  seed: 4
  mismatch: 1
  starts_s: 2026-03-12T18:00:00Z
  duration_s: 7200
  planned_work:
    - {id: CHG-1041, links: [A-B], at_s: 600, until_s: 3600}
truth:
  events:
    - at_s: 900
      fault: {kind: fiber_cut, duct: "", links: [A-B, C-D]}
      repair: {travel_s: 1800, repair_s: 3600}
    - at_s: 1200
      until_s: 2400
      fault: {kind: traffic_spike, target: A, factor: 3.0}
  demand_episodes:
    - {at_s: 0, until_s: 1800, factor: 1.2}
  planned_actions:
    - {at_s: 700, until_s: 3000, link: A-B, what: drain, change_id: CHG-1041}
"""


def test_world_part_gives_unix_seconds() -> None:
    world = load_case_world(CASE)
    assert world.starts_s == 1_773_338_400.0
    assert world.planned_work[0].starts_s == world.starts_s + 600
    assert world.planned_work[0].ends_s == world.starts_s + 3600


def test_world_part_says_nothing_of_the_truth() -> None:
    assert "fiber" not in load_case_world(CASE).model_dump_json()


def test_truth_part_gives_events_and_spikes() -> None:
    truth = load_case_truth(CASE)
    assert [e.fault.kind for e in truth.events] == ["fiber_cut", "traffic_spike"]
    assert truth.spikes[0].until_s == 2400
    assert truth.planned_actions[0].change_id == "CHG-1041"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("world:", "word:", 'no "world:" mapping'),
        ("  mismatch: 1", "  mismatch: 7", "world.mismatch"),
        ("  duration_s: 7200", "  duration_s: -1", "world.duration_s"),
        ("  seed: 4", "  sead: 4", "world.sead"),
        ("starts_s: 2026-03-12T18:00:00Z", "starts_s: soon", "world.starts_s"),
        ("until_s: 3600}", "until_s: 60}", "must end after"),
        ("world:\n", "world: [\n", "not YAML"),
    ],
)
def test_bad_world_is_refused_by_name(old: str, new: str, message: str) -> None:
    with pytest.raises(BadCase, match=message):
        load_case_world(CASE.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("      repair: {travel_s: 1800, repair_s: 3600}\n", "", "needs a repair"),
        ("kind: fiber_cut", "kind: gremlin", "truth.events.0.fault"),
        ("until_s: 2400", "until_s: 300", "after at_s"),
    ],
)
def test_bad_truth_is_refused_by_name(old: str, new: str, message: str) -> None:
    with pytest.raises(BadCase, match=message):
        load_case_truth(CASE.replace(old, new, 1))
