"""Policies for the hours after a failure by name: those that ship, and those that are brought."""

from tools.provided import POLICIES as BROUGHT
from tools.provided import blaming, load, provided
from twin.errors import BadInput
from twin.remediation.policies.shipped import ORDERS, POLICIES, shipped
from twin.remediation.policy import Policy


def policy_named(name: str) -> Policy:
    """The policy that ships under `name`, or that an installed distribution brings.

    Raises:
        BadInput: there is none, or it cannot be loaded; names those that there are.
    """
    if (found := shipped(name)) is not None:
        return found
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
    return (*POLICIES, *(f"{order}-K" for order in ORDERS), *provided(BROUGHT))
