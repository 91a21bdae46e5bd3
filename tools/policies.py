"""Policies for the hours after a failure by name: those that ship, and those that are brought."""

import re

from tools.provided import POLICIES as BROUGHT
from tools.provided import blaming, load, provided
from tools.ranker.opening import open_ranker
from twin.errors import BadInput
from twin.remediation.policies.ranked import Ranked
from twin.remediation.policies.shipped import ORDERS, POLICIES, shipped
from twin.remediation.policy import Policy

RANKER = "ranker"
"""The learned order; in the first so many that the size of the network asks for, or in K."""


def policy_named(name: str) -> Policy:
    """The policy that ships under `name`, or that an installed distribution brings.

    Raises:
        BadInput: there is none, or it cannot be loaded; names those that there are.
    """
    if (found := shipped(name)) is not None:
        return found
    if (ranked := _ranked(name)) is not None:
        return ranked
    if name not in provided(BROUGHT):
        raise BadInput(f'no policy is called "{name}"; there are {", ".join(policy_names())}')
    made = load(BROUGHT, name)
    with blaming(BROUGHT, name):
        policy = made()
        if not callable(getattr(policy, "propose", None)):
            raise TypeError("a policy has a method `propose`, and is made without arguments")
    brought: Policy = policy
    return brought


def policy_names() -> tuple[str, ...]:
    """All that there are; of an order with a number in place of K."""
    orders = (f"{order}-K" for order in (*ORDERS, RANKER))
    return (*POLICIES, RANKER, *orders, *provided(BROUGHT))


def _ranked(name: str) -> Policy | None:
    found = re.fullmatch(rf"{RANKER}(?:-([1-9]\d{{0,5}}))?", name)
    if found is None:
        return None
    return Ranked(open_ranker(), None if found[1] is None else int(found[1]))
