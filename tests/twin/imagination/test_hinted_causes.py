"""What tickets tell of, put together: by what they call the same, without what is on record."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.twin.imagination.test_recorded_causes import running
from tests.twin.whatif.test_survey import square
from twin.imagination.hinted_causes import Hinted, hinted_causes
from twin.nouns.common_cause import CauseKind, Hint

TOPOLOGY = square((("A", "D", 1.0),)).inventory.topology
"""A--B and A--C share the duct duct:A:1."""

DAY_S = 86_400.0


def _told(ticket: str, kind: CauseKind, shared: str, *members: str, at_s: float = 0.0) -> Hinted:
    return Hinted(
        kind=kind,
        shared=shared,
        nodes=tuple(m for m in members if "-" not in m),
        links=tuple(m for m in members if "-" in m),
        hint=Hint(ticket=ticket, quote=shared or "both"),
        at_s=at_s,
    )


def test_tickets_that_call_it_the_same_tell_of_one_cause() -> None:
    found = hinted_causes(
        TOPOLOGY,
        (
            _told("2", "place", "the Holm Bridge", "C--D", at_s=400 * DAY_S),
            _told("1", "place", "the holm bridge", "A--B"),
        ),
    )
    [cause] = found.proposed
    assert (cause.kind, cause.links) == ("place", ("A--B", "C--D"))
    assert [hint.ticket for hint in cause.hints] == ["1", "2"]


def test_feeds_of_one_name_are_one_feed_only_where_they_fail_in_one_night() -> None:
    feed = [_told(str(i), "power feed", "feed B", n, at_s=i * DAY_S) for i, n in enumerate("AB")]
    [cause] = hinted_causes(TOPOLOGY, feed).proposed
    assert cause.nodes == ("A", "B")
    apart = [feed[0], _told("1", "power feed", "feed B", "B", at_s=1.01 * DAY_S)]
    assert hinted_causes(TOPOLOGY, apart).proposed == ()


def test_one_thing_alone_and_two_without_a_name_in_common_share_nothing() -> None:
    alone = (_told("1", "place", "the Holm bridge", "A--B"), _told("2", "place", "", "C--D"))
    assert hinted_causes(TOPOLOGY, alone).proposed == ()


def test_what_is_on_record_is_told_apart_and_not_proposed() -> None:
    found = hinted_causes(TOPOLOGY, (_told("1", "duct", "", "A--C", "A--B"),))
    assert found.proposed == ()
    assert [cause.links for cause in found.on_record] == [("A--C", "A--B")]
    topology = running(("A", "XR 7.5", ""), ("B", "XR 7.5", ""), ("C", "", ""))
    for kind, members in (("software", "AB"), ("power feed", "AC")):
        told = _told("1", kind, "", *members)  # type: ignore[arg-type]
        assert hinted_causes(topology, (told,)).proposed == (), "one version, or one site"


def test_part_of_a_wider_cause_of_its_kind_hints_at_that() -> None:
    found = hinted_causes(
        TOPOLOGY,
        (
            _told("1", "place", "the Holm bridge", "A--B", "C--D", "B--D"),
            _told("2", "place", "", "C--D", "A--B"),
            _told("3", "contractor", "", "C--D", "A--B"),
        ),
    )
    assert [(c.kind, len(c.links), [h.ticket for h in c.hints]) for c in found.proposed] == [
        ("place", 3, ["1", "2"]),
        ("contractor", 2, ["3"]),
    ]


_TOLD = st.builds(
    lambda i, kind, shared, members: _told(str(i), kind, shared, *sorted(members), at_s=float(i)),
    st.integers(0, 10**6),
    st.sampled_from(["duct", "power feed", "software", "contractor", "place"]),
    st.sampled_from(["", "feed B", "the Holm bridge", "THE HOLM BRIDGE"]),
    st.sets(st.sampled_from(["A", "B", "C", "D", "A--B", "A--C", "B--D", "C--D"]), max_size=4),
)


@given(st.lists(_TOLD, max_size=12, unique_by=lambda one: one.at_s), st.randoms())
def test_what_is_proposed_does_not_hang_on_the_order_of_tickets(
    told: list[Hinted], random: Random
) -> None:
    found = hinted_causes(TOPOLOGY, told)
    other = random.sample(told, len(told))
    assert hinted_causes(TOPOLOGY, other) == found
    every = {hint.ticket for one in told for hint in [one.hint]}
    for cause in (*found.proposed, *found.on_record):
        assert len(cause.nodes) + len(cause.links) >= 2
        assert {hint.ticket for hint in cause.hints} <= every
    ids = [cause.id for cause in (*found.proposed, *found.on_record)]
    assert len(set(ids)) == len(ids)


def test_kind_is_that_of_most_tickets() -> None:
    told = (
        _told("1", "duct", "Mill Lane", "A--B"),
        _told("2", "place", "Mill Lane", "C--D"),
        _told("3", "place", "Mill Lane", "B--D"),
    )
    [cause] = hinted_causes(TOPOLOGY, told).proposed
    assert (cause.kind, cause.links) == ("place", ("A--B", "C--D", "B--D"))
