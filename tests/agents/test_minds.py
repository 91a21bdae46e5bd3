"""Which minds play which role."""

import pytest

from agents.loop.minds import Minds
from agents.loop.role import Mind
from agents.playbook.policies import playbook
from agents.playbook.scripted import ScriptedModel
from twin.errors import BadInput

OURS = Mind("playbook", playbook(), foreign=False)
FAR = Mind("openai:far", ScriptedModel([]), foreign=True)


def test_role_without_minds_of_its_own_is_played_by_everybodys() -> None:
    minds = Minds((OURS,), {"diagnoser": (FAR, OURS)})
    assert minds.for_role("diagnoser") == (FAR, OURS)
    assert minds.for_role("supervisor") == (OURS,)


@pytest.mark.parametrize("chain", [(), (FAR,), (OURS, FAR)], ids=["nobody", "far", "far last"])
def test_chain_that_does_not_end_in_our_own_mind_is_refused(chain: tuple[Mind, ...]) -> None:
    with pytest.raises(BadInput, match=r"every role .* end in none of our own"):
        Minds(chain)
    with pytest.raises(BadInput, match="the role monitor"):
        Minds((OURS,), {"monitor": chain})


def test_one_foreign_mind_anywhere_is_told() -> None:
    assert not Minds((OURS,)).any_foreign
    assert Minds((OURS,), {"reader": (FAR, OURS)}).any_foreign
