from twin.nouns.base import content_hash
from twin.nouns.topology import Node, Site, Topology

KEPT = {"id": "A", "site": "A", "prefixes": ["10.0.0.0/24"]}
"""A node as it was stored before it could say more of itself."""

TOLD = Node(
    id="A",
    site="A",
    platform="ACME R9",
    role="core",
    management_address="10.9.0.1",
    hardware="ACME R9",
    software="AcmeOS 4.2",
)


def test_a_node_of_which_nothing_more_is_known_is_stored_as_it_was() -> None:
    node = Node.model_validate(KEPT)
    assert node.model_dump(mode="json") == KEPT
    assert content_hash(node) == content_hash(KEPT)
    topology = Topology(
        name="one", sites=(Site(id="A", longitude=0.0, latitude=0.0),), nodes=(node,), links=()
    )
    assert topology.model_dump(mode="json")["nodes"] == [KEPT]


def test_what_is_known_of_a_node_travels_through_json() -> None:
    assert Node.model_validate_json(TOLD.model_dump_json()) == TOLD
    assert set(TOLD.model_dump()) == set(Node.model_fields)


def test_one_word_more_of_a_node_is_another_content() -> None:
    more = TOLD.model_copy(update={"role": "edge"})
    assert content_hash(more) != content_hash(TOLD)
