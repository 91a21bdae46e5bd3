"""What took several links down at once has words, and whom to ask."""

import pytest

from tests.twin.tracking.square import topology
from twin.diagnosis.above import above_text
from twin.nouns.topology import Topology

RING = topology(
    tuple(zip("ABCDEF", "BCDEFA", strict=True)),
    nodes=tuple("ABCDEF"),
)


def _running(**software: str) -> Topology:
    nodes = (n.model_copy(update={"software": software.get(n.id, "")}) for n in RING.nodes)
    return RING.rebuilt(nodes=tuple(nodes))


@pytest.mark.parametrize(
    ("links", "above"),
    [
        (("A-B", "C-D"), "a conduit that is on no record"),
        (("A-B", "C-D", "E-F"), "a conduit that is on no record"),
        (("A-B", "C-D", "D-E", "E-F"), "a command to many devices"),
    ],
)
def test_most_links_at_once_are_a_command_and_a_few_a_conduit(
    links: tuple[str, ...], above: str
) -> None:
    told = above_text(RING, links)
    assert told.startswith(f"{', '.join(links)} went down at once and meet nowhere")
    assert above in told
    assert "runs" not in told


def test_what_is_on_record_under_all_of_them_is_where_to_start() -> None:
    told = above_text(RING, ("A-B", "C-D"), ["power_feed east"])
    assert "under all of them is power_feed east: start there" in told
    assert "conduit" not in told


def test_software_counts_where_it_runs_at_each_and_not_everywhere() -> None:
    assert "an end that runs 7.1" in above_text(_running(A="7.1", D="7.1"), ("A-B", "C-D"))
    assert "runs" not in above_text(_running(A="7.1", E="7.1"), ("A-B", "C-D"))
    everywhere = _running(**dict.fromkeys("ABCDEF", "7.1"))
    assert "runs" not in above_text(everywhere, ("A-B", "C-D"))


def test_of_many_a_few_are_named() -> None:
    long = topology(tuple((f"N{i}", f"M{i}") for i in range(9)),
                    nodes=[f"{x}{i}" for i in range(9) for x in "NM"])  # fmt: skip
    assert "N5-M5 and 3 more went down" in above_text(long, [x.id for x in long.links])
