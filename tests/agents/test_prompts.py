"""Which words a role is told, and that every run says which."""

from pathlib import Path

import pytest

from agents.playbook.policies import POLICIES
from agents.prompts import COMMON, prompt, prompt_id
from tests.graphs.stagehand import FIRST, WRONG_WEIGHT, Person, case, operating

FILES = sorted(Path("agents/prompts").glob("*.md"))


@pytest.mark.parametrize("name", [f.stem for f in FILES if f.stem != COMMON])
def test_every_prompt_has_a_version_and_ends_with_what_all_are_told(name: str) -> None:
    told = prompt(name)
    assert (told.name, told.version >= 1) == (name, True)
    assert told.endswith((FILES[0].parent / f"{COMMON}.md").read_text(encoding="utf-8"))
    assert "version:" not in told, "front matter is for us"


def test_every_role_that_has_a_policy_has_a_prompt() -> None:
    assert POLICIES.keys() <= {f.stem for f in FILES}


def test_hash_says_which_words_and_an_unversioned_text_says_so() -> None:
    shipped, same = prompt_id(prompt("monitor"), "monitor"), prompt_id(prompt("monitor"), "x")
    assert shipped == same
    assert shipped.version == prompt("monitor").version
    other = prompt_id(str(prompt("monitor")) + " Be brief.", "monitor")
    assert (other.name, other.version) == ("monitor", 0)
    assert other.hash != shipped.hash


def test_every_role_run_in_the_journal_says_which_prompt_it_was_told(tmp_path: Path) -> None:
    scripted = case((600.0, WRONG_WEIGHT), scale=1.4)
    with operating(tmp_path, scripted, person=Person()) as operation:
        operation.run(operation.is_waiting_for_approval)
        runs = operation.journal.role_runs(FIRST)
    assert {r.role for r in runs} >= {"diagnoser", "supervisor", "remediator"}
    for run in runs:
        told = prompt_id(prompt(run.role), run.role)
        assert run.data["prompt"] == told.model_dump(mode="json")
