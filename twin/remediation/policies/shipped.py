"""All that ship, by name; a new one is a file and a line here."""

import re
from collections.abc import Callable, Mapping

from twin.errors import BadInput
from twin.remediation.policies.at_random import at_random
from twin.remediation.policies.beam import Beam
from twin.remediation.policies.carried import carried
from twin.remediation.policies.due import Due
from twin.remediation.policies.estimated import estimated
from twin.remediation.policies.local import Local
from twin.remediation.policies.nearest import nearest
from twin.remediation.policies.nothing import Nothing
from twin.remediation.policies.rule import Rule
from twin.remediation.policies.shortlist import Order, Shortlist
from twin.remediation.policies.sweep import Sweep, as_now, at_peak, until_repair
from twin.remediation.policy import Policy

POLICIES: Mapping[str, Callable[[], Policy]] = {
    "nothing": Nothing,
    "rule": Rule,
    "myopic": lambda: Sweep(as_now),
    "peak-only": lambda: Sweep(at_peak),
    "horizon": lambda: Sweep(until_repair),
    "due": Due,
    "beam": lambda: Beam(changes=2, width=8),
    "local": lambda: Local(steps=8),
}

ORDERS: Mapping[str, Order] = {
    "random": at_random,
    "nearest": nearest,
    "carried": carried,
    "estimated": estimated,
}
"""Of each the first k are a policy: "nearest-128"."""


def shipped(name: str) -> Policy | None:
    """The policy `name`, None where none has it. Raises BadInput: of an order the first 0."""
    if name in POLICIES:
        return POLICIES[name]()
    found = re.fullmatch(r"(.+)-(\d{1,6})", name)
    if found is None or found[1] not in ORDERS:
        return None
    if int(found[2]) == 0:
        raise BadInput(f'"{name}" would propose nothing; give a number from 1 on')
    return Shortlist(ORDERS[found[1]], int(found[2]))
