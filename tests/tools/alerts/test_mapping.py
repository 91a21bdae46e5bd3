"""Labels of others name links, interfaces, devices and services of ours."""

import pytest

from tests.twin.tracking.square import inventory
from tools.alerts.mapping import AlertMapping
from tools.alerts.reading import UNMAPPED, Mapped
from tools.alerts.settings import AlertSettings, Rule
from twin.nouns.untrusted import UntrustedText

LINK_DOWN = Rule(
    name="link-down",
    when={"alertname": "Link(Down|Lost)"},
    claims="adjacency_down",
    link=("link",),
    device=("instance",),
    interface=("ifName",),
)
LOSS = Rule(
    name="loss", when={"alertname": "Loss"}, claims="silent_loss", link=("link",), device=("at",)
)


def _mapped(aliases: dict[str, str] | None = None, **labels: str) -> Mapped:
    settings = AlertSettings(rules=(LINK_DOWN, LOSS), aliases=aliases or {})
    texts = {name: UntrustedText(text) for name, text in labels.items()}
    return AlertMapping(settings, inventory()).of(texts)


def test_first_rule_whose_labels_match_says_what_is_claimed() -> None:
    assert _mapped(alertname="LinkDown", link="A-B") == ("link-down", "adjacency_down", "A-B")
    assert _mapped(alertname="Loss", link="A-B", at="B") == ("loss", "silent_loss", "B|A-B")


def test_pattern_has_to_match_all_of_a_label() -> None:
    assert _mapped(alertname="LinkDowngraded", link="A-B").rule == "any"


@pytest.mark.parametrize(
    ("labels", "resource"),
    [
        ({"instance": "A", "ifName": "A-B"}, "A-B"),
        ({"instance": "a.core.example:9100", "ifName": "b"}, "A-B"),
        ({"instance": "rtr-1", "ifName": "xe-0/0/1"}, "A-D"),
    ],
)
def test_device_is_known_without_port_and_domain_and_interface_by_its_other_end_or_an_alias(
    labels: dict[str, str], resource: str
) -> None:
    aliases = {"rtr-1": "A", "A|xe-0/0/1": "A-D"}
    mapped = _mapped(aliases, alertname="LinkLost", **labels)
    assert mapped == ("link-down", "adjacency_down", resource)


def test_claim_about_a_part_that_is_not_named_is_trouble_at_what_is() -> None:
    assert _mapped(alertname="LinkDown", instance="A") == ("link-down", "trouble", "A")
    assert _mapped(alertname="Loss", link="C-D") == ("loss", "trouble", "C-D")


def test_end_that_a_link_does_not_have_names_the_link_alone() -> None:
    assert _mapped(alertname="Loss", link="A-B", at="C") == ("loss", "trouble", "A-B")


def test_last_rule_takes_whatever_names_something_on_record() -> None:
    assert _mapped(alertname="?", service="svc-AB") == ("any", "trouble", "svc-AB")
    assert _mapped(alertname="?", instance="D:9100") == ("any", "trouble", "D")
    assert _mapped(alertname="?", host="C", interface="D") == ("any", "trouble", "C|C-D")


def test_rule_that_matches_and_names_nothing_leaves_it_to_the_next() -> None:
    assert _mapped(alertname="LinkDown", link="X-Y", host="C") == ("any", "trouble", "C")


def test_what_names_nothing_on_record_is_unmapped() -> None:
    assert _mapped(alertname="DiskFull", instance="db-7:9100") == UNMAPPED
    assert _mapped() == UNMAPPED
