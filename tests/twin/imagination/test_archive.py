"""The worst of each sort, and a map of a network in regions."""

from twin.imagination.archive import DEEPEST, Archive, Cell, cell_of, regions_of
from twin.imagination.strikes import strikes_of
from twin.nouns.topology import Topology
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory


def test_archive_keeps_the_worst_of_each_cell_and_adds_them_up() -> None:
    archive = Archive(regions=2)
    here, there = Cell(("failure",), 1, 0), Cell(("demand", "failure"), 3, 1)
    assert archive.put(here, (1,), 10.0)
    assert not archive.put(here, (2,), 9.0)
    assert not archive.put(here, (3,), 10.0)
    assert archive.put(here, (4,), 12.0)
    assert archive.put(there, (5,), 30.0)
    assert archive.elites == {here: ((4,), 12.0), there: ((5,), 30.0)}
    assert archive.qd_score == 42.0


def test_what_costs_nothing_covers_nothing() -> None:
    archive = Archive(regions=1)
    assert not archive.put(Cell(("failure",), 1, 0), (1,), 0.0)
    assert archive.coverage == 0.0


def test_coverage_is_of_all_cells_that_there_can_be() -> None:
    archive = Archive(regions=4)
    # Four things that change alone, six pairs, four of three, and all four.
    assert archive.cells == 15 * DEEPEST * 4
    archive.put(Cell(("failure",), 1, 0), (1,), 1.0)
    archive.put(Cell(("failure",), 1, 1), (2,), 1.0)
    assert archive.coverage == 2 / archive.cells


def test_scenario_is_of_the_region_where_most_of_it_is_and_of_all_that_changes() -> None:
    inventory = build_inventory(WorldSpec(topology="sndlib/nobel-eu"))
    strikes = strikes_of(Twin(inventory).state(), ()).all
    regions = regions_of(inventory.topology)
    at = {strike.fault.id: strike for strike in strikes}
    cut, crowd = at["link_down@Berlin--Hamburg"], at["traffic_spike@Berlin"]
    far = at["traffic_spike@Athens"]
    assert regions["Berlin"] != regions["Athens"]
    assert cell_of((cut, crowd, far), 9, regions) == Cell(
        ("demand", "failure"), DEEPEST, regions["Berlin"]
    )
    assert cell_of((far,), 2, regions) == Cell(("demand",), 2, regions["Athens"])


def _topology(name: str) -> Topology:
    return build_inventory(WorldSpec(topology=name)).topology


def test_regions_part_all_nodes_and_hold_more_links_than_they_cut() -> None:
    topology = _topology("sndlib/germany50")
    regions = regions_of(topology)
    assert regions.keys() == set(topology.node_index)
    assert 2 <= len(set(regions.values())) <= 6
    within = sum(regions[link.a] == regions[link.b] for link in topology.links)
    assert within > 0.7 * len(topology.links)


def test_regions_are_numbered_by_size() -> None:
    regions = list(regions_of(_topology("sndlib/nobel-eu")).values())
    sizes = [regions.count(number) for number in range(max(regions) + 1)]
    assert sizes == sorted(sizes, reverse=True)
