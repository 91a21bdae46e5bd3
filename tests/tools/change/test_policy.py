"""The policy file is read as a whole or refused with the key and the remedy."""

from importlib import resources
from pathlib import Path
from typing import get_args

import pytest

from tests.tools.change.conftest import Bench
from tools.change.policy import (
    ActionKind,
    action_kinds,
    default_policy,
    demo_approval,
    load_policy,
    parse_policy,
)
from twin.errors import BadInput
from twin.nouns.action import DrainLink

DEFAULT = resources.files("tools.change").joinpath("policy.yaml").read_text("utf-8")


def test_default_policy_lets_nothing_go_without_a_person() -> None:
    assert default_policy().approval.auto_approve == "none"


def test_policy_knows_every_kind_of_action_and_no_other() -> None:
    assert frozenset(get_args(ActionKind)) == action_kinds()


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("max_devices: 6", "max_device: 6", r'unknown key "blast.max_device"; did you mean'),
        ("max_devices: 6", "max_devices: 0", r"blast.max_devices: .* greater than or equal to 1"),
        ("max_devices: 6", "max_devices: many", r"blast.max_devices: .*\(found 'many'\)"),
        ("max_moved_share: 0.4", "max_moved_share: 40", r"blast.max_moved_share"),
        ("  max_devices: 6\n", "", r'key "blast.max_devices" is missing; add it'),
        ("auto_approve: none", "auto_approve: all", r"approval.auto_approve: .*'none'"),
        ("approval:", "bogus: 1\napproval:", r'unknown key "bogus"; remove it, or use one of'),
        ("return_after_s: 600", "return_after_s: 60", r"return while they are watched"),
        ("drain_link, ", "drain_everything, ", r"actions.mitigate"),
    ],
)
def test_wrong_policy_is_refused_by_file_key_and_remedy(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    path = tmp_path / "noc.yaml"
    path.write_text(DEFAULT.replace(old, new, 1))
    assert path.read_text() != DEFAULT
    with pytest.raises(BadInput, match=complaint) as caught:
        load_policy(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "[1, 2]", "a: [", "approval: 3"])
def test_what_is_no_policy_at_all_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"^x\.yaml: "):
        parse_policy(text, "x.yaml")


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load_policy(tmp_path / "none.yaml")


def test_demo_signs_with_a_name_that_says_that_nobody_looked(bench: Bench) -> None:
    plan = bench.plan(DrainLink(link="A-B"))
    approval = demo_approval(plan, 5.0)
    assert "no person" in approval.by
    assert approval.plan_hash == plan.hash
