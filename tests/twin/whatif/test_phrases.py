"""What-ifs in words: names are found as people write them, and never guessed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.errors import BadInput
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.link_down import LinkDown
from twin.events.growth.add_node import AddNode
from twin.events.link_repair import LinkRepair
from twin.events.names import find_group, find_link, find_node
from twin.events.phrases import read_what_if, what_if_text
from twin.events.what_if import Event
from twin.nouns.topology import Link, Node, SharedRiskGroup, Site, Topology


def network(
    nodes: tuple[str, ...], links: tuple[tuple[str, str, str], ...], group: str = "duct:Köln:1"
) -> Topology:
    """Links as (id, a, b); the group holds the first."""
    return Topology(
        name="small",
        sites=tuple(Site(id=n, longitude=0.0, latitude=0.0) for n in nodes),
        nodes=tuple(Node(id=n, site=n) for n in nodes),
        links=tuple(
            Link(id=i, a=a, b=b, capacity_bps=1e9, members=1, length_km=1.0, propagation_s=1e-5)
            for i, a, b in links
        ),
        shared_risk_groups=(
            SharedRiskGroup(
                id=group, kind="duct", place=nodes[0], links=(links[0][0],), shared_km=1.0
            ),
        ),
    )


TOWNS = network(
    ("Köln", "Bonn", "Frankfurt", "Leipzig", "Baden-Baden", "Baden", "KÖLN-Süd", "Essen to Go"),
    (
        ("Köln--Bonn", "Köln", "Bonn"),
        ("Frankfurt--Leipzig", "Frankfurt", "Leipzig"),
        ("Frankfurt--Leipzig#2", "Leipzig", "Frankfurt"),
        ("Baden-Baden--Köln", "Baden-Baden", "Köln"),
        ("L17", "Bonn", "Frankfurt"),
        ("Baden--Leipzig", "Baden", "Leipzig"),
        ("KÖLN-Süd--Bonn", "KÖLN-Süd", "Bonn"),
        ("Essen to Go--Bonn", "Essen to Go", "Bonn"),
    ),
)
DUCT = FiberCut(duct="duct:Köln:1", links=TOWNS.shared_risk_group("duct:Köln:1").links)


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("Köln--Bonn", "Köln--Bonn"),
        ("köln--bonn", "Köln--Bonn"),
        ("Köln-Bonn", "Köln--Bonn"),
        ("Bonn-Köln", "Köln--Bonn"),
        ("Koln – bonn", "Köln--Bonn"),
        ("Bonn to Köln", "Köln--Bonn"),
        ("Bonn <-> Köln", "Köln--Bonn"),
        ("Bonn->Köln", "Köln--Bonn"),
        ("Frankfurt--Leipzig", "Frankfurt--Leipzig"),
        ("frankfurt--leipzig#2", "Frankfurt--Leipzig#2"),
        ("Baden-Baden-Köln", "Baden-Baden--Köln"),
        ("köln-baden-baden", "Baden-Baden--Köln"),
        ("Köln-Süd-Bonn", "KÖLN-Süd--Bonn"),
        ("Bonn to Essen to Go", "Essen to Go--Bonn"),
        ("l17", "L17"),
        ("Bonn-Frankfurt", "L17"),
    ],
)
def test_link_is_found_by_id_or_by_its_ends_in_either_order(text: str, link: str) -> None:
    assert find_link(TOWNS, text).id == link


@pytest.mark.parametrize(
    ("text", "node"),
    [("Bonn", "Bonn"), ("bonn", "Bonn"), (" KOLN ", "Köln"), ("baden", "Baden")],
)
def test_node_is_found_in_whatever_capitals_and_accents(text: str, node: str) -> None:
    assert find_node(TOWNS, text).id == node


def test_group_is_found_by_its_id() -> None:
    assert find_group(TOWNS, "DUCT:koln:1").id == "duct:Köln:1"


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("link Bonn-Köln down", [LinkDown(link="Köln--Bonn")]),
        ("LINK Bonn-Köln Up", [LinkRepair(link="Köln--Bonn")]),
        ("node baden-baden down;", [DeviceDown(node="Baden-Baden")]),
        ("group duct:köln:1 down", [DUCT]),
        ("weight Bonn-Köln 20", [SetIgpWeight(node="Bonn", link="Köln--Bonn", weight=20)]),
        ("weight Köln-Bonn 20", [SetIgpWeight(node="Köln", link="Köln--Bonn", weight=20)]),
        ("weight Köln to Bonn to 20", [SetIgpWeight(node="Köln", link="Köln--Bonn", weight=20)]),
        ("weight Köln-Bonn = 20", [SetIgpWeight(node="Köln", link="Köln--Bonn", weight=20)]),
        ("weight L17 from frankfurt 7", [SetIgpWeight(node="Frankfurt", link="L17", weight=7)]),
        # The second of the parallel links is listed the other way round; its id still says from
        # whom.
        (
            "weight Frankfurt--Leipzig#2 9",
            [SetIgpWeight(node="Frankfurt", link="Frankfurt--Leipzig#2", weight=9)],
        ),
        (
            "weight L17 65534 both ways",
            [
                SetIgpWeight(node="Bonn", link="L17", weight=65534),
                SetIgpWeight(node="Frankfurt", link="L17", weight=65534),
            ],
        ),
        (
            "link  Köln-Bonn   down ;weight Leipzig-Baden 20\nnode Bonn down",
            [
                LinkDown(link="Köln--Bonn"),
                SetIgpWeight(node="Leipzig", link="Baden--Leipzig", weight=20),
                DeviceDown(node="Bonn"),
            ],
        ),
    ],
)
def test_phrases_become_events_in_their_order(text: str, events: list[Event]) -> None:
    assert read_what_if(text, TOWNS) == tuple(events)


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("", BadInput, "names no event; expected"),
        (" ; ", BadInput, "names no event"),
        ("linc Köln-Bonn down", BadInput, 'what can be asked: "link Köln-Bonn down"'),
        ("Köln-Bonn dwn", BadInput, 'what can be asked: "link Köln-Bonn down"'),
        ("link Köln-Bonn", BadInput, '"link Köln-Bonn" cannot be read; what can be asked: "link'),
        ("link Bonn down", BadInput, 'what can be asked: "node Bonn down"'),
        ("node Köln-Bonn down", BadInput, 'what can be asked: "link Köln-Bonn down"'),
        ("wreck Bonn", BadInput, 'what can be asked: "drain node Bonn" or "undrain node Bonn"'),
        ("upgrade L17", BadInput, 'what can be asked: "upgrade L17 to 100G"'),
        ("capacity L17", BadInput, '"capacity L17 100G"'),
        ("link down", BadInput, 'expected "link A-B down", "link A-B up"'),
        ("frobnicate", BadInput, '"add link A-B 100G" or "node NEW at A, B", several of them'),
        ("node Bon down", BadInput, 'did you mean "Bonn"?'),
        ("node Frank down", BadInput, 'node "Frank" is not in small'),
        ("Köln-Bonn fails and node Bon down", BadInput, '"node Bon down": node "Bon" is not'),
        ("node Ulm at Köln and Bon", BadInput, 'node "Bon" is not in small (did you mean "Bonn"?)'),
        ("node Bonn at Köln", BadInput, 'node "Bonn" is in small already'),
        ("group duct:Köln:2 down", BadInput, 'did you mean "duct:Köln:1"?'),
        ("conduit of Baden-Leipzig fails", BadInput, "is in no shared-risk group"),
        ("capacity L17 40", BadInput, '"40" has no unit; did you mean "40G" (Gbit/s)?'),
        ("capacity L17 40GB", BadInput, '"40GB" is in bytes; rates are in bit/s'),
        ("capacity L17 40k", BadInput, '"40k" is 40k, where links of small'),
        ("link L17 at 0.5", BadInput, '"0.5" has no unit; did you mean "50 %"?'),
        ("link L17 members 0", BadInput, "expected an integer in 1..1024"),
        ("add link Köln-Köln 40G", BadInput, "names no two nodes"),
        ("link L17 to 2G; link L17 to 4G", BadInput, "the what-if contradicts itself"),
        ("link Köln-Leipzig down", BadInput, 'links from Köln go to "Bonn", "Baden-Baden"'),
        ("link Köln-Bon down", BadInput, 'node "Bon" is not in small (did you mean "Bonn"?)'),
        ("link L18 down", BadInput, 'did you mean "L17"?'),
        ("link Frankfurt-Leipzig down", BadInput, '"Frankfurt--Leipzig", "Frankfurt--Leipzig#2"'),
        ("drain Frankfurt-Leipzig", BadInput, 'did you mean "drain Frankfurt--Leipzig"?'),
        ("add 100G between Köln and Bonn", BadInput, '"add 100G link between Köln and Bonn"'),
        ("weight L17 20", BadInput, '"weight L17 from Bonn 20"'),
        ("weight L17 from Leipzig 20", BadInput, 'not in link "L17"'),
        ("weight Köln-Bonn 0", BadInput, 'the weight is "0", expected an integer in 1..65534'),
        ("weight Köln-Bonn 65536", BadInput, "expected an integer in 1..65534"),
        (f"weight Köln-Bonn {'9' * 5000}", BadInput, "expected an integer in 1..65534"),
        ("link Bonn-Frankfurt down; link L17 up", BadInput, '"link L17 down" and "link L17 up"'),
        (
            "weight Köln-Bonn 5; weight Bonn-Köln 7; weight Köln-Bonn 6",
            BadInput,
            '"weight Köln--Bonn from Köln 5" and "weight Köln--Bonn from Köln 6"',
        ),
        ("weight Köln-Bonn 2.5", BadInput, 'the weight is "2.5"'),
        ("weight Köln-Bonn", BadInput, 'what can be asked: "weight Köln-Bonn 20"'),
    ],
)
def test_what_cannot_be_read_is_named_with_what_was_expected(
    text: str, error: type[BadInput], says: str
) -> None:
    with pytest.raises(error) as raised:
        read_what_if(text, TOWNS)
    assert says in str(raised.value)


VOCABULARY = (
    "link", "node", "group", "weight", "drain", "add", "lose", "down", "up", "to", "at", "from",
    "and", ",", ";", "both ways", "members", "capacity", "100G", "40", "50 %", "Bonn", "Köln-Bonn",
    "L17", "Leipzig", "duct:Köln:1", "Ulm", "Essen to Go", "undrain", "with",
)  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Köln-Bonn fails", "link Köln--Bonn down"),
        ("what happens if the link from Köln to Bonn goes down?", "link Köln--Bonn down"),
        ("lose Köln-Bonn, Baden-Leipzig", "link Köln--Bonn down; link Baden--Leipzig down"),
        ("both Köln-Bonn and L17 are down", "link Köln--Bonn down; link L17 down"),
        ("links Köln-Bonn, L17 fail", "link Köln--Bonn down; link L17 down"),
        ("Köln-Bonn fails and L17 is drained", "link Köln--Bonn down; drain L17"),
        ("router Bonn fails", "node Bonn down"),
        ("Bonn and Leipzig fail", "node Bonn down; node Leipzig down"),
        ("drain Bonn", "drain node Bonn"),
        ("drain router Bonn", "drain node Bonn"),
        ("drain L17 and Köln-Bonn", "drain L17; drain Köln--Bonn"),
        ("undrain L17", "undrain L17"),
        ("undrain Bonn", "undrain node Bonn"),
        ("router Bonn is no longer drained", "undrain node Bonn"),
        ("100G more on L17", "link L17 to 101G in 1 members"),
        ("Leipzig-Frankfurt#2 down", "link Frankfurt--Leipzig#2 down"),
        ("link L17 and node Baden down", "link L17 down; node Baden down"),
        ("node Baden, L17 fail", "node Baden down; link L17 down"),
        ("lose router Baden and duct duct:Köln:1", "node Baden down; group duct:Köln:1 down"),
        ("drain node Baden and link L17", "drain node Baden; drain L17"),
        ("set metric 20 on Köln-Bonn", "weight Köln--Bonn from Köln 20"),
        ("set cost 20 on L17 both ways", "weight L17 from Bonn 20; weight L17 from Frankfurt 20"),
        ("add a 100G link between Köln and Leipzig", "add link Köln to Leipzig 100G"),
        ("build a link between Köln and Leipzig 100G", "add link Köln to Leipzig 100G"),
        ("drain koeln", "drain node Köln"),
        ("node Baden is back", "link Baden--Leipzig up"),
        ("group duct:Köln:1 up", "link Köln--Bonn up"),
        ("set the OSPF cost of Köln-Bonn to 100", "weight Köln--Bonn from Köln 100"),
        ("metric Köln-Bonn 20", "weight Köln--Bonn from Köln 20"),
        ("Köln-Bonn cost 20", "weight Köln--Bonn from Köln 20"),
        ("srlg duct:köln:1 fails", "group duct:Köln:1 down"),
        ("conduit Köln-Bonn down", "group duct:Köln:1 down"),
        ("cut the fibre of Köln-Bonn", "group duct:Köln:1 down"),
        ("link L17 add 100G", "link L17 to 101G in 1 members"),
        ("add 1G to L17", "link L17 to 2G in 2 members"),
        ("link L17 to 200 Gbit/s", "link L17 to 200G in 1 members"),
        ("capacity L17 40G", "link L17 to 40G in 1 members"),
        ("link L17 members 2", "link L17 to 2G in 2 members"),
        ("L17 at 50 %", "link L17 to 500M in 1 members"),
        ("add link Köln-Leipzig 100G", "add link Köln to Leipzig 100G"),
        ("new 100G link Köln-Leipzig weight 7", "add link Köln to Leipzig 100G weight 7"),
        ("node Ulm at Köln and Bonn", "node Ulm at Köln, Bonn"),
        ("add node Ulm at Köln, Bonn with 40G", "node Ulm at Köln, Bonn with 40G"),
        (
            "add link Köln-Leipzig 100G, Köln-Leipzig fails",
            "add link Köln to Leipzig 100G; link Köln--Leipzig down",
        ),
        (
            "node Ulm at Köln, Bonn; weight Ulm-Köln 7",
            "node Ulm at Köln, Bonn; weight Ulm--Köln from Ulm 7",
        ),
    ],
)
def test_what_people_type_is_read(typed: str, meant: str) -> None:
    what_if = read_what_if(typed, TOWNS)
    assert what_if_text(what_if) == meant
    assert read_what_if(meant, TOWNS) == what_if


def test_and_or_a_comma_in_a_name_parts_no_phrase() -> None:
    islands = network(
        ("Trinidad and Tobago", "Washington, DC", "Newark, NJ"),
        (("x", "Trinidad and Tobago", "Washington, DC"), ("y", "Newark, NJ", "Washington, DC")),
    )
    typed = "Trinidad and Tobago fails, Washington, DC-Newark, NJ is drained and x down"
    meant = "node Trinidad and Tobago down; drain y; link x down"
    assert what_if_text(read_what_if(typed, islands)) == meant
    both = read_what_if("node Ulm at Trinidad and Tobago and Newark, NJ", islands)
    assert both == (AddNode(node="Ulm", at=("Trinidad and Tobago", "Newark, NJ")),)


def test_group_of_a_link_in_several_is_not_guessed() -> None:
    twice = TOWNS.rebuilt(
        shared_risk_groups=(
            *TOWNS.shared_risk_groups,
            TOWNS.shared_risk_groups[0].model_copy(update={"id": "other"}),
        )
    )
    with pytest.raises(BadInput, match='groups "duct:Köln:1", "other"; name one of them'):
        read_what_if("duct of Köln-Bonn down", twice)


def test_sentence_without_end_is_not_tried_in_all_ways() -> None:
    with pytest.raises(BadInput, match='500 names and phrases in one sentence; part them by ";"'):
        read_what_if("Bonn, " * 500, TOWNS)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(VOCABULARY), max_size=9))
def test_whatever_is_typed_is_read_or_refused_and_what_is_read_reads_back(words: list[str]) -> None:
    try:
        what_if = read_what_if(" ".join(words), TOWNS)
    except BadInput:
        return
    assert read_what_if(what_if_text(what_if), TOWNS) == what_if


def test_name_that_is_a_link_and_a_node_is_not_guessed() -> None:
    both = network(("A", "B"), (("A", "A", "B"),))
    with pytest.raises(BadInput, match='could mean "link A down" or "node A down"'):
        read_what_if("A fails", both)
    assert read_what_if("router A fails", both) == (DeviceDown(node="A"),)


def test_names_that_differ_in_capitals_alone_are_not_guessed() -> None:
    alike = network(("ab", "AB", "c"), (("one", "ab", "c"), ("two", "AB", "c")))
    with pytest.raises(BadInput, match='"ab", "AB"; write it exactly'):
        find_node(alike, "Ab")
    assert find_node(alike, "AB").id == "AB"
    assert find_link(alike, "c-ab").id == "one"


def test_hyphens_that_can_be_read_in_two_ways_are_not_guessed() -> None:
    twice = network(
        ("A", "B-C", "A-B", "C"), (("north", "A", "B-C"), ("south", "A-B", "C"), ("x", "A", "C"))
    )
    with pytest.raises(BadInput, match='links "north", "south"; name one by its id'):
        find_link(twice, "A-B-C")
    assert find_link(twice, "A--B-C").id == "north"


def test_text_of_a_what_if_reads_back_as_the_same() -> None:
    what_if = (
        LinkDown(link="Frankfurt--Leipzig#2"),
        LinkRepair(link="L17"),
        DeviceDown(node="Essen to Go"),
        DUCT,
        SetIgpWeight(node="Frankfurt", link="L17", weight=20),
        SetIgpWeight(node="Leipzig", link="Frankfurt--Leipzig#2", weight=30),
    )
    assert read_what_if(what_if_text(what_if), TOWNS) == what_if
