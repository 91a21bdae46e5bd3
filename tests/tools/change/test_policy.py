"""The policy file is read as a whole or refused with the key and the remedy."""

import re
from datetime import time, timedelta
from importlib import resources
from pathlib import Path
from typing import get_args

import pytest
import yaml

from tests.tools.change.conftest import Bench
from tools.change.policy import (
    ActionKind,
    CalendarRules,
    action_kinds,
    default_policy,
    demo_approval,
    load_policy,
    parse_policy,
)
from twin.errors import BadInput
from twin.events.actions.drain_link import DrainLink

DEFAULT = resources.files("tools.change").joinpath("policy.yaml").read_text("utf-8")


def test_default_policy_lets_nothing_go_without_a_person() -> None:
    assert default_policy().approval.auto_approve == "none"


def test_policy_knows_every_kind_of_action_and_no_other() -> None:
    assert frozenset(get_args(ActionKind)) == action_kinds()


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("max_devices: 6", "max_device: 6", r'unknown key "blast.max_device"; did you mean'),
        ("surge_factor: 2.0", "surge_factor: 0.5", r"guidance.surge_factor: .* greater than or"),
        ("heeded: true", "heedd: true", r'unknown key "guidance.heedd"; did you mean "heeded"'),
        ("max_devices: 6", "max_devices: 0", r"blast.max_devices: .* greater than or equal to 1"),
        ("max_devices: 6", "max_devices: many", r"blast.max_devices: .*\(found 'many'\)"),
        ("max_moved_share: 0.4", "max_moved_share: 40", r"blast.max_moved_share"),
        ("  max_devices: 6\n", "", r'key "blast.max_devices" is missing; add it'),
        ("auto_approve: none", "auto_approve: all", r"approval.auto_approve: .*'none'"),
        ("approval:", "bogus: 1\napproval:", r'unknown key "bogus"; remove it, or use one of'),
        (
            "return_after_s: 600",
            "return_after_s: 60",
            r"the file: commit.* while they are watched$",
        ),
        ("drain_link, ", "drain_everything, ", r"actions.mitigate"),
        ("page_again_after_s: 900", "page_again_after_s: 1800", r"must be smaller than expires_a"),
        ("above_devices: 4", "above_device: 4", r"second_approver.above_device\"; did you mean"),
        ("above_moved_share: 0.3", "above_moved_share: 30", r"second_approver.above_moved_share"),
        ("max_devices: 6", "max_devices: true", r"blast.max_devices: .*valid integer"),
        ("max_devices: 6", "max_devices: '6'", r"blast.max_devices: .*valid integer"),
        ("max_moved_share: 0.4", "max_moved_share: '0.4'", r"blast.max_moved_share: .*number"),
        ("max_devices: 6", "max_devices: 6\n  max_devices: 9", r"line \d+: .*twice"),
        ("samples: 3", "samples: 11", r"verification: .*window_s \(300\) holds 10 samples"),
        ("soak_s: 600", "soak_s: 0", r"verification.soak_s: .*greater than or equal to 30"),
        (
            "expires_after_s: 1800",
            "expires_after_s: 1.0e+300",
            r"approval.expires_after_s: .*604800",
        ),
        ("expires_after_s: 1800", "expires_after_s: .nan", r"approval.expires_after_s"),
        ("return_after_s: 600", "return_after_s: .inf", r"commit.return_after_s"),
        ("  freezes: []", "  freezed: []", r'unknown key "calendar.freezed"; did you mean "free'),
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


WINDOW = "{id: nights, days: [mon], from: '22:00', to: '05:00', timezone: Europe/Berlin}"
FREEZE = "{id: year-end, from: 2026-12-20T00:00:00Z, until: 2027-01-07T00:00:00Z, reason: rest}"


def _with_calendar(windows: str = "", freezes: str = "") -> str:
    text = DEFAULT.replace("  windows: []", f"  windows: [{windows}]", 1)
    return text.replace("  freezes: []", f"  freezes: [{freezes}]", 1)


def test_calendar_is_read_with_its_times_and_zones() -> None:
    calendar = parse_policy(_with_calendar(WINDOW, FREEZE), "x.yaml").calendar
    (window,), (freeze,) = calendar.windows, calendar.freezes
    assert (window.from_, window.to) == (time(22), time(5))
    assert window.purposes == {"mitigate", "return"}
    assert freeze.until - freeze.from_ == timedelta(days=18)


def test_entries_that_the_shipped_file_shows_as_comments_are_valid() -> None:
    shown = re.sub(r"(?m)^  (windows|freezes|escalation): \[\]\n", "", DEFAULT)
    shown = re.sub(r"(?m)^  # (?=windows:|freezes:|escalation:|  )", "  ", shown)
    policy = parse_policy(shown, "x.yaml")
    calendar = policy.calendar
    assert [step.after_s for step in policy.approval.escalation] == [300, 600]
    assert [window.id for window in calendar.windows] == ["nights"]
    assert [freeze.id for freeze in calendar.freezes] == ["year-end"]


@pytest.mark.parametrize(
    ("windows", "freezes", "complaint"),
    [
        (WINDOW.replace("'22:00'", "22:00"), "", r"windows.0.from: .*in quotes.*found 1320"),
        (WINDOW.replace("'22:00'", "'2200'"), "", r"windows.0.from: .*in quotes"),
        (WINDOW.replace("'22:00'", "'22:00+01:00'"), "", r"windows.0.from: .*no offset"),
        (WINDOW.replace("Berlin", "Berln"), "", r'timezone: .*did you mean "Europe/Berlin"'),
        (WINDOW.replace("Europe/Berlin", "../x"), "", r"timezone: .*not a time zone"),
        (WINDOW.replace("Europe/Berlin", "''"), "", r"timezone: .*not a time zone"),
        (WINDOW.replace("timezone", "timezon"), "", r'windows.0.timezon"; did you mean "timezone"'),
        (WINDOW.replace("from", "form"), "", r'windows.0.form"; did you mean "from"'),
        (WINDOW.replace("[mon]", "[]"), "", r"windows.0.days"),
        (WINDOW.replace("nights", "'a b'"), "", r"windows.0.id"),
        (f"{WINDOW}, {WINDOW}", "", r'calendar.windows: .*"nights" is used twice'),
        ("", FREEZE.replace("2027-01-07", "2025-01-07"), r"freezes.0: .*must end after it starts"),
        ("", FREEZE.replace("00:00Z, until", "00:00, until"), r"freezes.0.from: .*its offset"),
        ("", FREEZE.replace("T00:00:00Z, until", ", until"), r"freezes.0.from: .*its offset"),
        ("", FREEZE.replace("2026-12-20T00:00:00Z", "1700000000"), r"freezes.0.from: .*in quotes"),
        ("", FREEZE.replace("}", ", networks: []}"), r"freezes.0.networks"),
        ("", FREEZE.replace("reason", "why"), r'freezes.0.reason" is missing'),
    ],
)
def test_wrong_calendar_entry_is_refused_by_key_and_remedy(
    windows: str, freezes: str, complaint: str
) -> None:
    with pytest.raises(BadInput, match=complaint):
        parse_policy(_with_calendar(windows, freezes), "x.yaml")


def test_policy_without_calendar_and_second_approver_goes_on_loading() -> None:
    data = yaml.safe_load(DEFAULT)
    del data["calendar"]
    for key in ("second_approver", "page_again_after_s", "page_again_to"):
        del data["approval"][key]
    policy = parse_policy(yaml.safe_dump(data), "old.yaml")
    assert policy.calendar == CalendarRules()
    assert policy.approval.second_approver is None
    assert policy.approval.page_again_after_s is None


def test_policy_without_guidance_goes_on_loading_with_the_caps_that_ship() -> None:
    data = yaml.safe_load(DEFAULT)
    shipped = parse_policy(DEFAULT, "noc.yaml").guidance
    del data["guidance"]
    assert parse_policy(yaml.safe_dump(data), "old.yaml").guidance == shipped


def test_second_person_who_would_never_be_asked_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "noc.yaml"
    high = "above_devices: 9\n    above_services: 900\n    above_moved_share: 1.0"
    kept = "above_devices: 4\n    above_services: 50\n    above_moved_share: 0.3"
    assert kept in DEFAULT
    path.write_text(DEFAULT.replace(kept, high))
    with pytest.raises(BadInput, match="second_approver would never be asked"):
        load_policy(path)


def test_default_policy_asks_for_a_second_person_before_it_refuses() -> None:
    policy = default_policy()
    second = policy.approval.second_approver
    assert second is not None
    assert second.above_devices < policy.blast.max_devices
    assert second.above_services < policy.blast.max_services
    assert second.above_moved_share < policy.blast.max_moved_share


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
    assert "no person" in approval.by.name
    assert approval.automatic
    assert approval.plan_hash == plan.hash
