"""What counts as the same cause, the same place, and as trouble."""

from evals.stage import Case
from evals.truth import DECISION_S, names_a_location, same_cause, trouble_of
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.link_down import LinkDown
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss

CUT = FiberCut(duct="duct:X:1", links=("A--B", "A--C"))


def test_the_links_of_a_duct_named_one_by_one_are_the_same_cause() -> None:
    assert same_cause([LinkDown(link="A--C"), LinkDown(link="A--B")], [CUT])


def test_half_a_duct_is_another_cause() -> None:
    assert not same_cause([LinkDown(link="A--B")], [CUT])


def test_a_duct_with_another_name_is_the_same_cause() -> None:
    assert same_cause([FiberCut(duct="", links=("A--C", "A--B"))], [CUT])


def test_kind_counts_where_no_link_is_down() -> None:
    lossy = SilentEgressPacketLoss(node="A", link="A--B", fraction=0.1)
    dear = IgpWeightMisconfig(node="A", link="A--B", weight=60)
    assert not same_cause([lossy], [dear])
    assert same_cause([lossy.model_copy(update={"fraction": 0.2})], [lossy])


def test_a_further_cause_that_is_not_true_makes_the_answer_wrong() -> None:
    assert not same_cause([CUT, LinkDown(link="X--Y")], [CUT])


def test_naming_nothing_is_not_the_cause() -> None:
    assert not same_cause([], [CUT])


def test_an_end_of_the_egress_is_its_location() -> None:
    lossy = SilentEgressPacketLoss(node="A", link="A--B", fraction=0.1)
    assert names_a_location(["A--B"], [lossy])
    assert names_a_location(["A|A--B"], [lossy])
    assert not names_a_location(["B--C"], [lossy])


def test_a_healthy_case_has_no_trouble(healthy_case: Case) -> None:
    assert trouble_of(healthy_case) is None


def test_a_wrong_weight_lasts_until_the_case_ends(weight_case: Case) -> None:
    trouble = trouble_of(weight_case)
    assert trouble is not None
    assert trouble.starts_s == weight_case.world.starts_s + 600
    assert trouble.decision_s == trouble.starts_s + DECISION_S
    assert trouble.ends_s == weight_case.world.starts_s + weight_case.world.duration_s


def test_a_link_is_repaired_when_the_field_has_come_and_worked(stub_case: Case) -> None:
    trouble = trouble_of(stub_case)
    assert trouble is not None
    assert trouble.ends_s == trouble.decision_s + 1800
