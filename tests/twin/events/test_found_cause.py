"""What people find is read as they write it, and tied to what is on record."""

import pytest

from tests.twin.tracking.square import topology
from twin.errors import BadInput
from twin.events.fault import FAULT_KINDS
from twin.events.found_cause import FoundCause, read_cause

SQUARE = topology(ducts={"g1": ("A-B", "A-D")})


@pytest.mark.parametrize(
    ("said", "faults"),
    [
        ("link A-B down", ("link_down@A-B",)),
        ("A-B failed and B-C failed", ("link_down@A-B", "link_down@B-C")),
        ("weight A-B 20", ("igp_weight_misconfig@A|A-B",)),
        ("group g1 down", ("fiber_cut@A-B+A-D",)),
        ("node D down", ("device_down@D",)),
        ("traffic_spike@C", ("traffic_spike@C",)),
        ("a traffic spike at C", ("traffic_spike@C",)),
        ("silent_egress_packet_loss@A|A-B", ("silent_egress_packet_loss@A|A-B",)),
    ],
)
def test_fault_of_the_catalogue_has_the_id_that_a_diagnosis_gives_it(
    said: str, faults: tuple[str, ...]
) -> None:
    assert read_cause(said, SQUARE).faults == faults


@pytest.mark.parametrize(
    ("said", "resources"),
    [
        ("the linecard of A was broken", ("A",)),
        ("somebody drained A-B by hand", ("A-B",)),
        ("dirty connector at A|A-B", ("A|A-B",)),
    ],
)
def test_other_words_need_only_name_what_they_are_about(
    said: str, resources: tuple[str, ...]
) -> None:
    assert read_cause(said, SQUARE) == FoundCause((), resources)


def test_unknown_is_an_answer() -> None:
    assert read_cause(" Unknown ", SQUARE) == FoundCause((), ())


@pytest.mark.parametrize("said", ["it was the weather", "link A-C down", "drain A-X"])
def test_cause_that_names_nothing_on_record_is_refused_with_how_to_write_it(said: str) -> None:
    with pytest.raises(BadInput, match='write it as "link A-B down"'):
        read_cause(said, SQUARE)


def test_every_kind_of_fault_can_be_named_by_what_it_sits_on() -> None:
    of_links = (
        "link_down",
        "fiber_cut",
        "interface_shut_down",
        "unannounced_drain",
        "link_capacity_bottleneck",
        "link_flap",
        "high_latency",
    )
    on = {**dict.fromkeys(of_links, "A-B"), "traffic_spike": "A", "device_down": "A"}
    on |= {"demand_surge": "everywhere", "blackhole_route": "A", "router_overload": "A"}
    on |= {"tcp_syn_flood_attack": "A", "web_dos_attack": "A", "access_breach": "A"}
    on["power_feed_loss"] = "A"
    for kind in FAULT_KINDS:
        name = kind.model_fields["kind"].default
        fault = f"{name}@{on.get(name, 'A|A-B')}"
        assert read_cause(fault, SQUARE).faults == (fault,)
