"""What a text names is found however it is written, and nothing is guessed."""

from collections.abc import Sequence

import pytest

from agents.conversation.names import Names
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.inventory import Inventory
from twin.nouns.service import Service, ServiceLevelObjective
from twin.nouns.topology import Link, Node, Site, Topology
from twin.nouns.traffic import DailyProfile, TrafficMatrix
from twin.nouns.traffic_class import TrafficClass

NODES = ("Köln", "Muenchen", "New York (Pennsauken)", "Washington, DC", "Sydney1", "Sydney2")


def _names(*links: tuple[str, str, str], customers: Sequence[str] = ()) -> Names:
    topology = Topology(
        name="test",
        sites=tuple(Site(id=n, longitude=0, latitude=0) for n in NODES),
        nodes=tuple(Node(id=n, site=n) for n in NODES),
        links=tuple(
            Link(id=i, a=a, b=b, capacity_bps=1e9, members=1, length_km=1, propagation_s=1)
            for i, a, b in links
        ),
    )
    inventory = Inventory(
        topology=topology,
        intended=NetworkConfiguration(devices=()),
        services=tuple(
            Service(
                id=f"svc-{n}",
                customer=customer,
                traffic_class=TrafficClass.VOICE,
                pairs=((NODES[0], NODES[1]),),
                objective=ServiceLevelObjective(loss=None, delay_s=None, availability=0.999),
            )
            for n, customer in enumerate(customers)
        ),
        peak_traffic=TrafficMatrix.from_demands(NODES, ()),
        profile=DailyProfile(hourly=(1.0,) * 24),
        probes=(),
    )
    return Names(inventory, ["live-0001"], ["live-0001.mitigate1"])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("köln", "Köln"),
        ("Koeln", "Köln"),
        ("KOLN", "Köln"),
        ("München", "Muenchen"),
        ("new york", "New York (Pennsauken)"),
        ("New York (Pennsauken)", "New York (Pennsauken)"),
        ("washington dc", "Washington, DC"),
        ("Washington", "Washington, DC"),
        ("sydney2", "Sydney2"),
        ("live-0001", "live-0001"),
        ("LIVE-0001.mitigate1", "live-0001.mitigate1"),
    ],
)
def test_name_is_found_however_it_is_written(written: str, meant: str) -> None:
    (found,) = _names().find(f"what about {written}?").names
    assert found.ids == (meant,)
    assert found.text == written


def test_beginning_that_several_names_share_means_all_of_them() -> None:
    (found,) = _names().find("is Sydney up?").names
    assert found.ids == ("Sydney1", "Sydney2")


def test_first_word_of_customers_means_all_of_them() -> None:
    names = _names(customers=("Vela Rail", "Vela Bank", "Dorn Foods"))
    found = names.find("do the Vela companies, Dorn or Vela Bank pass Sydney1?").names
    assert [f.ids for f in found] == [
        ("Vela Bank", "Vela Rail"),
        ("Dorn Foods",),
        ("Vela Bank",),
        ("Sydney1",),
    ]


@pytest.mark.parametrize("written", ["new incidents", "kol", "York", "DC"])
def test_part_of_a_name_that_does_not_begin_it_is_no_name(written: str) -> None:
    assert _names().find(written).names == ()


@pytest.mark.parametrize("dash", ["-", "--", " - ", "–", "—", " → ", "->", "/"])
def test_two_nodes_with_a_dash_between_them_are_their_link_in_either_order(dash: str) -> None:
    names = _names(("Köln--Muenchen", "Köln", "Muenchen"))
    for one, other in (("Köln", "München"), ("muenchen", "koeln")):
        (found,) = names.find(f"how busy is {one}{dash}{other} now").names
        assert (found.kind, found.ids) == ("link", ("Köln--Muenchen",))


def test_parallel_links_are_all_meant_unless_one_is_named() -> None:
    names = _names(("Köln--Muenchen", "Köln", "Muenchen"), ("Köln--Muenchen#2", "Köln", "Muenchen"))
    (found,) = names.find("köln-münchen").names
    assert found.ids == ("Köln--Muenchen", "Köln--Muenchen#2")
    (found,) = names.find("Köln--Muenchen#2").names
    assert found.ids == ("Köln--Muenchen#2",)


def test_nodes_that_no_link_joins_are_a_link_that_does_not_exist() -> None:
    (found,) = _names().find("Köln-Muenchen").names
    assert (found.kind, found.ids) == ("link", ())


def test_word_that_comes_near_a_name_is_told_with_it() -> None:
    found = _names().find("links of Muenchn")
    assert found.names == ()
    assert [(n.text, n.near) for n in found.near] == [("Muenchn", ("Muenchen",))]


@pytest.mark.parametrize(
    "written",
    [
        "Köln|Köln--Muenchen",
        "köln|München-Köln",
        "Köln[Köln--Muenchen]",
        "Koeln [ koeln--muenchen ]",
    ],
)
def test_egress_is_its_link_in_either_spelling(written: str) -> None:
    (found,) = _names(("Köln--Muenchen", "Köln", "Muenchen")).find(f"is {written} busy?").names
    assert (found.kind, found.ids, found.egress_of) == ("link", ("Köln--Muenchen",), "Köln")
    assert found.text == written


@pytest.mark.parametrize(
    "written",
    ["Sydney1|Köln--Muenchen", "Köln[Köln--Muenchen", "Köln, Köln--Muenchen", "Köln|Sydney1"],
)
def test_what_is_no_egress_is_two_names(written: str) -> None:
    names = _names(("Köln--Muenchen", "Köln", "Muenchen")).find(written).names
    assert len(names) == 2
    assert [name.egress_of for name in names] == [None, None]


@pytest.mark.parametrize("text", ["is Cologne up", "is cologne up"])
def test_english_name_of_a_place_stands_for_it(text: str) -> None:
    (found,) = _names().find(text).names
    assert (found.kind, found.ids, found.exact) == ("node", ("Köln",), False)


def test_english_name_of_a_place_that_is_not_there_names_nothing() -> None:
    assert not _names().find("is Nuremberg up").names


@pytest.mark.parametrize(
    ("written", "meant"), [("muc", "Muenchen"), ("CGN", "Köln"), ("Kln", "Köln")]
)
def test_code_of_a_city_stands_for_its_node(written: str, meant: str) -> None:
    (found,) = _names().find(f"is {written} up").names
    assert (found.kind, found.ids) == ("node", (meant,))


def test_mistyped_end_of_a_link_is_the_node_that_a_link_joins_to_the_other_end() -> None:
    names = _names(("Köln--Muenchen", "Köln", "Muenchen"))
    (found,) = names.find("how full is Köln-Muenchn now").names
    assert (found.kind, found.ids, found.text) == ("link", ("Köln--Muenchen",), "Köln-Muenchn")


@pytest.mark.parametrize("text", ["Köln-Muenchn", "Köln - Muenchn", "Köln and Muenchn"])
def test_mistyped_name_is_no_node_where_no_link_or_no_hyphen_joins_it(text: str) -> None:
    names = _names() if text == "Köln-Muenchn" else _names(("K--M", "Köln", "Muenchen"))
    assert [f.ids for f in names.find(text).names] == [("Köln",)]
    assert [n.text for n in names.find(text).near] == ["Muenchn"]
