"""A network in a file is put on stage as the shipped ones are."""

from pathlib import Path

import pytest

from evals.stage import designed_inventory, load_case, stage
from twin.errors import BadCase, BadInput

CSV = "source,target,capacity\nOslo,Bergen,10G\nBergen,Stavanger,10G\nStavanger,Oslo,10G\n"
TRAFFIC = "source,target,bit/s\nOslo,Bergen,3G\nBergen,Oslo,1G\n"
SCENARIO = """
world:
  id: ring
  topology: nets/ring.csv
  traffic: traffic.csv
  starts_s: 2026-03-03T18:00:00Z
  duration_s: 3600
truth:
  events:
    - at_s: 600
      fault: {kind: link_down, link: Oslo--Bergen}
      repair: {travel_s: 60, repair_s: 600}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "ring.csv").write_text(CSV)
    (tmp_path / "traffic.csv").write_text(TRAFFIC)
    (tmp_path / "ring.yaml").write_text(SCENARIO)
    return tmp_path


def test_network_file_is_a_quiet_case(folder: Path) -> None:
    case = load_case(str(folder / "nets" / "ring.csv"), folder / "traffic.csv")
    assert (case.id, case.truth.events) == ("ring", ())
    inventory = designed_inventory(case.world)
    assert inventory.topology.node_index.keys() == {"Oslo", "Bergen", "Stavanger"}
    assert inventory.peak_traffic.rates_bps.sum() == pytest.approx(4e9)
    network = stage(case, 1, folder / "state" / "ring.sqlite", "ring")
    assert network.inventory().topology.links == inventory.topology.links
    network.close()


def test_scenario_names_its_files_from_its_own_folder(folder: Path) -> None:
    case = load_case(str(folder / "ring.yaml"))
    assert designed_inventory(case.world).peak_traffic.rates_bps.sum() == pytest.approx(4e9)


def test_traffic_that_nothing_reads_is_refused(folder: Path) -> None:
    with pytest.raises(BadCase, match="names its own traffic; leave --traffic out"):
        load_case(str(folder / "ring.yaml"), folder / "traffic.csv")
    world = load_case("quiet-harbour").world.model_copy(update={"traffic": "x.csv"})
    with pytest.raises(BadCase, match="sndlib/germany50 is none"):
        designed_inventory(world)


def test_file_that_is_neither_is_refused_by_name(folder: Path) -> None:
    (folder / "what.txt").write_text("hello")
    with pytest.raises(BadInput, match=r"what.txt: the case has no \"world:\" mapping"):
        load_case(str(folder / "what.txt"))
