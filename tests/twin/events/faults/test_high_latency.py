"""A link that takes longer: what the twin makes of it, and what is refused."""

import pytest

from tests.twin.diagnosis.test_likelihood import BUILT, NORMAL, TWIN, observed
from twin.errors import Ungrounded
from twin.events.faults.high_latency import HighLatency

LATE = HighLatency(link="A-B", added_s=0.02)


def test_pairs_over_the_late_link_take_longer_by_as_much_and_lose_nothing() -> None:
    late = LATE.after(NORMAL)
    now, before = (TWIN.of(state).assess(state) for state in (late, NORMAL))
    a, b, c = (BUILT.node_index[n] for n in "ABC")
    assert now.delay_s[1, a, b] - before.delay_s[1, a, b] == pytest.approx(0.02)
    assert now.delay_s[1, b, a] - before.delay_s[1, b, a] == pytest.approx(0.02)
    assert now.delay_s[1, b, c] == pytest.approx(before.delay_s[1, b, c])
    assert now.lost_bps == before.lost_bps


def test_link_that_is_known_to_be_late_is_so_once() -> None:
    late = LATE.after(NORMAL)
    assert LATE.after(late) is late
    assert late.topology.link("A-B").late_s == 0.02
    assert "late_s" not in NORMAL.topology.link("A-B").model_dump()


def test_link_over_which_probes_take_no_longer_is_not_late() -> None:
    (evidence,) = LATE.evidence(observed(), NORMAL)
    assert evidence.log_likelihood_ratio == pytest.approx(-4.6, abs=0.01)


@pytest.mark.parametrize("added_s", [0.0, 1.5])
def test_what_a_link_adds_is_more_than_nothing_and_less_than_a_second(added_s: float) -> None:
    with pytest.raises(Ungrounded, match="more than 0 s longer"):
        HighLatency(link="A-B", added_s=added_s).check(BUILT, NORMAL.running)
