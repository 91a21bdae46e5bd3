"""Which words a role is told, and that every run says which."""

from pathlib import Path

import pytest

from agents.conversation.role import ROLE
from agents.playbook.policies import POLICIES
from agents.prompts import COMMON, Prompt, prompt, prompt_id
from agents.roles import (
    diagnoser,
    foresight_imaginer,
    foresight_wording,
    guide,
    imaginer,
    monitor,
    reader,
    remediator,
    ticket_reader,
)
from tests.graphs.stagehand import FIRST, WRONG_WEIGHT, Person, case, operating
from twin.diagnosis.causes import ADDED_PRIOR_NATS, CONVINCING_NATS, INDISTINGUISHABLE_NATS
from twin.errors import BadInput
from twin.events.faults.fiber_cut import FiberCut

FILES = sorted(Path("agents/prompts").glob("*.md"))
TOLD: dict[str, Prompt] = {
    "monitor": monitor.instructions(),
    "reader": reader.instructions(),
    "ticket_reader": ticket_reader.instructions(),
    "diagnoser": diagnoser.instructions(),
    "guide": guide.instructions(),
    "remediator": remediator.instructions(),
    "remediator_choice": prompt("remediator_choice"),
    "imaginer": imaginer.instructions(),
    "foresight_imaginer": foresight_imaginer.instructions(),
    "foresight_wording": foresight_wording.instructions(),
    "supervisor": prompt("supervisor"),
    ROLE: prompt(ROLE),
}


@pytest.mark.parametrize("name", [f.stem for f in FILES if f.stem != COMMON])
def test_every_prompt_has_a_version_and_ends_with_what_all_are_told(name: str) -> None:
    told = TOLD[name]
    assert (told.name, told.version >= 1) == (name, True)
    assert told.endswith((FILES[0].parent / f"{COMMON}.md").read_text(encoding="utf-8"))
    assert "version:" not in told, "front matter is for us"


def test_every_role_that_has_a_policy_has_a_prompt() -> None:
    assert POLICIES.keys() <= {f.stem for f in FILES}


def test_hash_says_which_words_and_an_unversioned_text_says_so() -> None:
    told = TOLD["monitor"]
    shipped, same = prompt_id(told, "monitor"), prompt_id(told, "x")
    assert shipped == same
    assert shipped.version == told.version
    other = prompt_id(str(told) + " Be brief.", "monitor")
    assert (other.name, other.version) == ("monitor", 0)
    assert other.hash != shipped.hash


def test_figures_that_decide_are_told_as_they_stand_in_code() -> None:
    assert f"begins {-ADDED_PRIOR_NATS:.1f} nats behind" in TOLD["diagnoser"]
    assert f"Within {INDISTINGUISHABLE_NATS:g} nats of the best" in TOLD["diagnoser"]
    assert f"Under {CONVINCING_NATS:g} nats nothing convinces" in TOLD["diagnoser"]
    assert "Choose up to six listed exposures" in TOLD["imaginer"]
    assert f"a duct {FiberCut.chance_before_repair}, a device" in TOLD["imaginer"]
    assert "at 1.1 times the demand" in TOLD["remediator"]
    assert "Propose up to eight that differ" in TOLD["remediator"]
    assert "drops under 1 % with nothing else" in TOLD["monitor"]


def test_figures_are_written_as_a_reader_needs_them() -> None:
    other = prompt("monitor", felt_drops=0.025)
    assert "drops under 2.5 % with nothing else" in other
    assert prompt_id(other, "monitor").hash != prompt_id(TOLD["monitor"], "monitor").hash


@pytest.mark.parametrize("figures", [{}, {"felt_drops": 0.01, "most": 3}])
def test_prompt_is_refused_where_figures_are_missing_or_told_nowhere(
    figures: dict[str, float],
) -> None:
    with pytest.raises(BadInput, match=r"monitor\.md tells the figures \['felt_drops'\]"):
        prompt("monitor", **figures)


@pytest.mark.slow
def test_every_role_run_in_the_journal_says_which_prompt_it_was_told(tmp_path: Path) -> None:
    scripted = case((600.0, WRONG_WEIGHT), scale=1.4)
    with operating(tmp_path, scripted, person=Person()) as operation:
        operation.run(operation.is_waiting_for_approval)
        runs = operation.journal.role_runs(FIRST)
    assert {r.role for r in runs} >= {"diagnoser", "supervisor", "remediator"}
    for run in runs:
        told = prompt_id(TOLD[run.role], run.role)
        assert run.data["prompt"] == told.model_dump(mode="json")
