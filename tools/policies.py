"""Policies for the hours after a failure by name: those that ship, and those that are brought."""

import os
import re
from collections.abc import Mapping

from tools.policy_server.client import DEADLINE_S, ServedScorer
from tools.policy_server.settings import place_from
from tools.provided import POLICIES as BROUGHT
from tools.provided import blaming, load, provided
from tools.ranker.card import read_card
from tools.ranker.opening import open_ranker
from twin.errors import BadInput
from twin.remediation.policies.first_that_answers import FirstThatAnswers
from twin.remediation.policies.ranked import Ranked
from twin.remediation.policies.shipped import ORDERS, POLICIES, shipped
from twin.remediation.policy import Policy

RANKER = "ranker"
"""The learned order; in the first so many that the size of the network asks for, or in K."""

SERVED = "served"
"""The same by a policy server, and without one in process, and without that by RULE."""

RULE = "carried-128"


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
    orders = (f"{order}-K" for order in (*ORDERS, RANKER, SERVED))
    return (*POLICIES, RANKER, SERVED, *orders, *provided(BROUGHT))


def _ranked(name: str) -> Policy | None:
    found = re.fullmatch(r"(\w+)(?:-([1-9]\d{0,5}))?", name)
    if found is None or found[1] not in (RANKER, SERVED):
        return None
    most = None if found[2] is None else int(found[2])
    return served(most, os.environ) if found[1] == SERVED else Ranked(open_ranker(), most)


def served(most: int | None, environ: Mapping[str, str], deadline_s: float = DEADLINE_S) -> Policy:
    """The ranker on the server that `environ` names, the same ranker in process, and RULE: the
    first of them that answers.

    Raises:
        BadInput: no server is named, or it would be told the token unsafely.
    """
    scorer = ServedScorer(place_from(environ), read_card().sha256, deadline_s)
    return FirstThatAnswers(
        (
            ("the policy server", lambda: Ranked(scorer, most)),
            ("the ranker in process", lambda: Ranked(open_ranker(), most)),
            (RULE, lambda: policy_named(RULE)),
        )
    )
