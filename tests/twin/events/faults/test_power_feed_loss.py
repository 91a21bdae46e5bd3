"""A site without power is told from single dead devices by that they stand at one place."""

import pytest

from tests.twin.events.faults.leading import leading
from tests.twin.tracking.square import (
    Counters,
    adjacency,
    inventory,
    loads_of,
    topology,
    tracker_of,
)
from twin.errors import BadInput, Ungrounded
from twin.events.fault import FAULT
from twin.events.faults.power_feed_loss import PowerFeedLoss
from twin.events.phrases import read_what_if, what_if_text
from twin.nouns.topology import Topology

# Nobody is left to tell that A-B is down.
DARK = PowerFeedLoss(site="A", nodes=("A", "B"), links=("A-B", "A-D", "B-C"))


def _built(*, shared: bool) -> Topology:
    plain = topology()
    if not shared:
        return plain
    nodes = tuple(
        node.model_copy(update={"site": "A"}) if node.id == "B" else node for node in plain.nodes
    )
    return plain.rebuilt(nodes=nodes, sites=tuple(s for s in plain.sites if s.id != "B"))


def _leading(silent: str, *, shared: bool = True) -> list[str]:
    """What leads five minutes after C and D lost A and B, of which those in `silent` say nothing
    any more.
    """
    built = _built(shared=shared)
    known = inventory(built)
    tracker, counters = tracker_of(known), Counters(built)
    tracker.ingest(counters.read())
    for _ in range(4):
        tracker.ingest(counters.after(loads_of(known)))
    began_s = counters.now_s
    tracker.ingest([adjacency(began_s, "D", "A-D", up=False)])
    tracker.ingest([adjacency(began_s, "C", "B-C", up=False)])
    for _ in range(10):
        read = counters.after(0.0 * loads_of(known))
        tracker.ingest([r for r in read if r.node not in silent])
    return leading(tracker, began_s)


def test_site_of_which_no_device_answers_is_without_power() -> None:
    assert _leading("AB") == ["power_feed_loss@A+B"]


def test_devices_at_two_sites_are_two() -> None:
    leading = _leading("AB", shared=False)
    assert leading
    assert all("power" not in one for one in leading)


def test_site_of_which_a_device_answers_has_power() -> None:
    leading = _leading("A")
    assert leading
    assert all("power" not in one for one in leading)


def test_all_of_a_site_goes_down_with_all_of_its_links() -> None:
    built = _built(shared=True)
    known = inventory(built)
    assert PowerFeedLoss.at(built, "A") == DARK
    DARK.check(built, known.intended)
    with pytest.raises(Ungrounded, match="name A, B"):
        DARK.model_copy(update={"nodes": ("A",)}).check(built, known.intended)
    with pytest.raises(Ungrounded, match="A-B, A-D, B-C"):
        DARK.model_copy(update={"links": ("A-D",)}).check(built, known.intended)
    with pytest.raises(Ungrounded, match="a site of the network"):
        DARK.model_copy(update={"site": "X"}).check(built, known.intended)
    assert FAULT.validate_python(DARK.model_dump(mode="json")) == DARK


@pytest.mark.parametrize(
    "said",
    [
        "power at B down",
        "lose power at A",
        "the power at a fails",
        "B loses power",
        "site A without electricity",
    ],
)
def test_site_is_named_in_what_ifs_by_any_device_at_it(said: str) -> None:
    built = _built(shared=True)
    assert read_what_if(said, built) == (DARK,)
    assert what_if_text((DARK,)) == "power at A down"
    assert read_what_if(what_if_text((DARK,)), built) == (DARK,)
    assert DARK.links_down(built) == {"A-B", "A-D", "B-C"}


def test_site_of_several_devices_that_is_down_is_asked_back() -> None:
    """The device of that name alone would be a guess."""
    with pytest.raises(BadInput, match="A, B stand at that site"):
        read_what_if("site A down", _built(shared=True))
    assert what_if_text(read_what_if("site C down", _built(shared=True))) == "node C down"


def test_whoever_names_one_device_of_a_site_is_told_of_the_others() -> None:
    [event] = read_what_if("power at B down", _built(shared=True))
    assert what_if_text((event,)) == "power at A down"
    assert event.unsaid((event,)) == "A and B stand at the site A, and lose power together"
    [alone] = read_what_if("power at C down", _built(shared=True))
    assert alone.unsaid((alone,)) == ""
