"""Policies are found by name: those that ship, and those that distributions bring."""

from pathlib import Path

import pytest

from tests.tools.test_provided import install
from tools.policies import policy_named, policy_names
from tools.provided import POLICIES
from twin.errors import BadInput
from twin.remediation.policies.nothing import Nothing
from twin.remediation.policies.shortlist import Shortlist


def test_policies_that_ship_are_found_by_name() -> None:
    assert isinstance(policy_named("nothing"), Nothing)
    shortlist = policy_named("nearest-12")
    assert isinstance(shortlist, Shortlist)
    assert shortlist.most == 12
    assert {"horizon", "rule", "carried-K"} <= set(policy_names())


def test_a_name_of_nobody_is_told_with_those_that_there_are() -> None:
    with pytest.raises(BadInput, match=r'"clever".*there are nothing, rule, .*, nearest-K'):
        policy_named("clever")


def test_what_a_distribution_brings_is_made_or_blamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    where = "twin.remediation.policies"
    install(tmp_path, "lazy", POLICIES, f"lazy = {where}.nothing:Nothing")
    install(tmp_path, "wrong", POLICIES, "wrong = twin.errors:BadInput")
    assert isinstance(policy_named("lazy"), Nothing)
    assert policy_names()[-2:] == ("lazy", "wrong")
    with pytest.raises(BadInput, match=r'"wrong" of the distribution "wrong 2\.0".*propose'):
        policy_named("wrong")
