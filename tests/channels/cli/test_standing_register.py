"""`imagine --watch`: refreshed when the network is another, and left alone while links are down."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from channels.cli.standing_register import stand
from channels.planning.opening import Planned, open_planned
from graphs.state_directory import StateDirectory
from tests.channels.conftest import noctua
from twin.events.actions.set_igp_weight import SetIgpWeight


@pytest.fixture
def planned(tmp_path: Path) -> Planned:
    return open_planned(StateDirectory(tmp_path), "sndlib/abilene", "peak", 1)


def _watched(seen: list[Planned], first: Planned) -> list[Planned]:
    """What is refreshed where the network is seen like that, one look after the other."""
    refreshed: list[Planned] = []
    left = list(seen)

    def look() -> Planned:
        if len(left) == 1:
            # The same signal as Ctrl-C, once nothing is left to see.
            os.kill(os.getpid(), signal.SIGINT)
        return left.pop(0) if len(left) > 1 else left[0]

    def refresh(found: Planned) -> str:
        refreshed.append(found)
        return "kept"

    stand(look, refresh, first, "kept as the first", 0.01)
    return refreshed


def _with_weight(planned: Planned, weight: int) -> Planned:
    action = SetIgpWeight(node="ATLAng", link="ATLAng--HSTNng", weight=weight)
    return replace(planned, state=action.after(planned.state))


def test_register_is_refreshed_once_for_each_other_network(planned: Planned) -> None:
    other = _with_weight(planned, 60)
    assert _watched([planned, other, other, planned, planned], planned) == [other, planned]


def test_it_waits_while_links_are_down(
    planned: Planned, capsys: pytest.CaptureFixture[str]
) -> None:
    other = _with_weight(planned, 60)
    down = replace(other, state=replace(other.state, down_links=frozenset({"ATLAM5--ATLAng"})))
    assert _watched([down, down, other, other], planned) == [other]
    assert capsys.readouterr().out.count("waits: ATLAM5--ATLAng down") == 1


def test_a_day_later_it_is_refreshed_as_well(planned: Planned) -> None:
    days = [replace(planned, now_s=86_400.0 * day + 60.0) for day in (0, 0, 1, 1)]
    assert _watched(days, days[0]) == [days[2]]


def test_only_a_register_that_is_kept_can_be_watched(tmp_path: Path) -> None:
    code, _, error = noctua(tmp_path, "imagine", "sndlib/abilene", "--watch")
    assert (code, "name a network of the state directory" in error) == (2, True)
    code, _, error = noctua(tmp_path, "imagine", "sndlib/abilene", "--every", "soon")
    assert (code, '"soon" is not a duration' in error) == (2, True)
