"""Causes are hidden, tickets hint at them, and what is proposed is judged by what was hidden."""

import pytest

from evals.hidden_causes import Outcome, is_false, judged, played, table
from evals.hidden_tickets import Hidden, hide, spec, tickets_about
from evals.model_server.behaviours import Good, InventedDevice
from evals.model_server.script import Script
from evals.model_server.server import ModelServer
from evals.unseen import numbers_for
from graphs.ticket_reading import ROLE
from tests.graphs.model_stand import foreign, minds_for
from twin.errors import BadInput
from twin.imagination.hinted_causes import Hinted, hinted_causes
from twin.nouns.common_cause import CauseKind, CommonCause, Hint
from twin.sources.world import WorldSpec, build_inventory

SPEC = spec()
NOBEL = build_inventory(WorldSpec(topology="sndlib/nobel-us")).topology

HINT = (Hint(ticket="1", quote="«both»"),)


def _links(*links: str, kind: CauseKind = "duct") -> CommonCause:
    return CommonCause(kind=kind, links=links, hints=HINT)


def test_wordings_for_tuning_and_held_out_have_nothing_in_common() -> None:
    tuning, held_out = SPEC.tuning, SPEC.held_out
    assert tuning.causes.keys() == held_out.causes.keys() == tuning.labels.keys()
    for kind, known in tuning.causes.items():
        other = held_out.causes[kind]
        assert not {*known.whole, *known.part} & {*other.whole, *other.part}
        assert not set(tuning.labels[kind]) & set(held_out.labels[kind])
    assert not set(SPEC.networks["tuning"]) & set(SPEC.networks["held_out"])


@pytest.mark.parametrize("network", [n for part in SPEC.networks.values() for n in part])
def test_hidden_causes_are_on_no_record(network: str) -> None:
    topology = build_inventory(WorldSpec(topology=network)).topology
    left, hidden = hide(topology, SPEC.held_out, numbers_for("test", network))
    assert [cause.kind for cause in hidden] == [
        "duct",
        "place",
        "power feed",
        "software",
        "contractor",
    ]
    assert len(left.shared_risk_groups) == len(topology.shared_risk_groups) - 2
    for cause in hidden[:2]:
        told = Hinted(cause.kind, "", (), cause.members, HINT[0], 0.0)
        assert len(hinted_causes(left, (told,)).proposed) == 1


def test_network_with_less_than_two_groups_hides_none() -> None:
    topology = NOBEL.rebuilt(shared_risk_groups=NOBEL.shared_risk_groups[:1])
    with pytest.raises(BadInput, match="less than two groups"):
        hide(topology, SPEC.tuning, numbers_for("test"))


def test_tickets_name_every_member_of_every_hidden_cause_by_its_label() -> None:
    for seed in range(5):
        numbers = numbers_for("test", seed)
        left, hidden = hide(NOBEL, SPEC.tuning, numbers)
        tickets = tickets_about(left, hidden, SPEC.tuning, 10, numbers)
        assert len({ticket.id for ticket in tickets}) == len(tickets) >= 10 + len(hidden)
        assert [t.time_s for t in tickets] == sorted(t.time_s for t in tickets)
        for cause in hidden:
            said = [t.text.raw for t in tickets if cause.label in t.text.raw]
            assert said, cause
            assert not any("{" in text for text in said)


def test_best_proposal_is_exact_or_partly_right_or_none() -> None:
    hidden = Hidden("duct", "trench 1", ("a", "b", "c"))
    exact, wide, narrow = _links("c", "b", "a"), _links("a", "b", "c", "d"), _links("a", "b")
    assert judged(hidden, (narrow, exact, wide)).found == "exactly"
    assert judged(hidden, (wide,)).found == judged(hidden, (narrow,)).found == "partly"
    other = _links("a", "x")
    assert judged(hidden, (other,)).found == judged(hidden, ()).found == "not"
    assert (is_false(other, (hidden,)), is_false(narrow, (hidden,))) == (True, False)
    assert judged(hidden, (exact,)).kind_named
    assert not judged(hidden, (_links("a", "b", "c", kind="place"),)).kind_named


def test_same_seed_gives_the_same_outcome_and_the_table_adds_up() -> None:
    one, again = (played("sndlib/nobel-us", 1, "tuning", SPEC.tuning, 10, None) for _ in range(2))
    assert one == again
    text = table([one])
    assert sum(row.count("| 1 |") for row in text.splitlines()) == 5
    assert "| all | 5 |" in text
    assert f"{one.tickets} tickets; false proposals for 100 of them" in text


def _by_server(behaviour: Good | InventedDevice) -> Outcome:
    with ModelServer(Script(roles={ROLE: (behaviour,)})) as server:
        minds = minds_for(foreign(server))
        return played("sndlib/nobel-us", 2, "tuning", SPEC.tuning, 5, minds)


def test_model_is_judged_as_the_playbook_is() -> None:
    own = played("sndlib/nobel-us", 2, "tuning", SPEC.tuning, 5, None)
    by_model = _by_server(Good())
    assert by_model.read_by == ("openai:scripted",)
    assert by_model.judged == own.judged
    assert _by_server(InventedDevice()).read_by == ("playbook",), "it names what does not exist"
