"""What several things have in common."""

import pytest
from pydantic import ValidationError

from tests.twin.whatif.test_survey import square
from twin.errors import UnknownLink, UnknownNode
from twin.nouns.common_cause import CommonCause, Hint

TOPOLOGY = square((("A", "D", 1.0),)).inventory.topology


def test_cause_of_the_same_members_keeps_its_id_whoever_proposes_it() -> None:
    one = CommonCause(kind="place", links=("A--B", "B--D"), hints=(Hint(ticket="1", quote="x"),))
    other = CommonCause(kind="place", links=("B--D", "A--B"), hints=(Hint(ticket="2", quote="y"),))
    assert one.id == other.id
    assert one.id != CommonCause(kind="duct", links=("A--B", "B--D")).id


@pytest.mark.parametrize("links", [(), ("A--B",), ("A--B", "A--B")])
def test_cause_of_less_than_two_things_is_none(links: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError, match="two members at least"):
        CommonCause(kind="duct", links=links)


def test_cause_that_names_what_is_not_built_is_refused_by_name() -> None:
    with pytest.raises(UnknownLink, match="A--Z"):
        CommonCause(kind="duct", links=("A--B", "A--Z")).check(TOPOLOGY)
    with pytest.raises(UnknownNode, match="Z"):
        CommonCause(kind="power feed", nodes=("A", "Z")).check(TOPOLOGY)


def test_cause_takes_down_its_links_and_those_of_its_nodes() -> None:
    cause = CommonCause(kind="place", nodes=("A",), links=("B--D",))
    assert cause.links_down(TOPOLOGY) == {"A--B", "A--C", "B--D"}


def test_cause_of_which_one_member_is_left_is_none_any_more() -> None:
    assert CommonCause(kind="duct", links=("A--B", "A--Z")).built(TOPOLOGY) is None
    left = CommonCause(kind="duct", links=("A--B", "A--Z", "B--D")).built(TOPOLOGY)
    assert left == CommonCause(kind="duct", links=("A--B", "B--D"))


def test_cause_is_on_record_where_no_text_hints_at_it() -> None:
    cause = CommonCause(kind="software", name="IOS XR 7.5.2", nodes=("A", "B"))
    assert cause.is_on_record
    assert cause.label == "software IOS XR 7.5.2"
    hinted = cause.model_copy(update={"name": "", "hints": (Hint(ticket="T-1", quote="both"),)})
    assert not hinted.is_on_record
    assert hinted.label == f"software {hinted.id}"
