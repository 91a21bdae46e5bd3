"""The worst of each sort, and a map of a network in regions."""

from twin.imagination.archive import DEEPEST, Archive, Cell, regions_of
from twin.nouns.topology import Topology
from twin.sources.world import WorldSpec, build_inventory


def test_archive_keeps_the_worst_of_each_cell_and_adds_them_up() -> None:
    archive = Archive(("down", "traffic"), together=2, regions=2)
    here, there = Cell(("down",), 1, 0), Cell(("down", "traffic"), 3, 1)
    assert archive.put(here, (1,), 10.0)
    assert not archive.put(here, (2,), 9.0)
    assert not archive.put(here, (3,), 10.0)
    assert archive.put(here, (4,), 12.0)
    assert archive.put(there, (5,), 30.0)
    assert archive.elites == {here: ((4,), 12.0), there: ((5,), 30.0)}
    assert archive.qd_score == 42.0


def test_what_costs_nothing_covers_nothing() -> None:
    archive = Archive(("down",), together=1, regions=1)
    assert not archive.put(Cell(("down",), 1, 0), (1,), 0.0)
    assert archive.coverage == 0.0


def test_coverage_is_of_all_cells_that_there_can_be() -> None:
    archive = Archive(("a", "b", "c"), together=2, regions=4)
    # Three kinds alone and three pairs of them.
    assert archive.cells == 6 * DEEPEST * 4
    archive.put(Cell(("a",), 1, 0), (1,), 1.0)
    archive.put(Cell(("a",), 1, 1), (2,), 1.0)
    assert archive.coverage == 2 / archive.cells


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
