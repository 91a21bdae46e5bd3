"""What is tried over HTTP by whoever may not: forged, late, replayed, raced and without a role.

Each is played often, with details drawn by chance. It says how many effects it had that nobody was
entitled to; a server's refusal alone proves nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from channels.access import accounts
from evals.hostile.http_belated import (
    account_over,
    again,
    at_once,
    both_by_delegation,
    delegation_over,
    narrow_token,
    over_again,
    recorded_as_late,
    run_out,
    signed_out,
    too_late,
    without_role,
)
from evals.hostile.http_effects import (
    ADMINISTERS,
    ANSWERS,
    OPERATES,
    Do,
    answers_alone,
    noise,
    tokens_aside,
)
from evals.hostile.http_forgeries import (
    altered,
    any_with,
    cookie_alone,
    csrf_of_another,
    from_another_site,
    other_hash,
    rebound,
    role_written,
    says_to_be,
    token_written,
    unasked_override,
)
from evals.hostile.http_scene import by, stored_digest

Family = Literal["forged", "late", "replayed", "raced", "role-less"]


@dataclass(frozen=True)
class Attack:
    """`do`: how many effects it had that it may not have. `held_by`: the controls that refuse it,
    each beneath the one before; none where it is what the journal is: one answer a person, in the
    order in which they come.

    `alters`: it changes something honestly first, so that it needs a copy of its own.
    """

    name: str
    family: Family
    do: Do
    held_by: tuple[str, ...] = ()
    alters: bool = False


_ROLE = ("permission", "entitled")

ATTACKS: Sequence[Attack] = (
    Attack("a secret made up", "forged", any_with(lambda _, r: f"noctua_{noise(r)}"), ("token",)),
    Attack(
        "an account named in place of a secret",
        "forged",
        any_with(lambda _, r: f"noctua_{r.choice(['ann', 'ada', 'ben'])}"),
        ("token",),
    ),
    Attack(
        "a secret with a letter changed",
        "forged",
        tokens_aside(any_with(altered)),
        ("token",),
    ),
    Attack(
        "the digest that is stored, as a secret",
        "forged",
        tokens_aside(any_with(lambda w, _: stored_digest(w.token("ann")))),
        ("token",),
    ),
    Attack(
        "words in place of a secret",
        "forged",
        any_with(
            lambda _, r: r.choice(["null", "undefined", "' OR 1=1 --", "%", "noctua_", "Bearer"])
        ),
        ("token",),
    ),
    Attack("a session's cookie alone", "forged", tokens_aside(cookie_alone), ("csrf",)),
    Attack(
        "a cookie with another's second secret",
        "forged",
        tokens_aside(csrf_of_another),
        ("csrf",),
    ),
    Attack("a page of another site", "forged", tokens_aside(from_another_site), ("origin",)),
    Attack("a name that was bound anew", "forged", tokens_aside(rebound), ("host",)),
    Attack("who it is, in body and headers", "forged", tokens_aside(says_to_be), _ROLE),
    Attack(
        "a role written into the file",
        "forged",
        answers_alone(role_written),
        ("sealed",),
        alters=True,
    ),
    Attack(
        "a token written into the file",
        "forged",
        answers_alone(token_written),
        ("sealed",),
        alters=True,
    ),
    Attack("another plan's hash", "forged", tokens_aside(other_hash)),
    Attack(
        "an override that nothing asked for",
        "forged",
        tokens_aside(unasked_override),
        ("refusals",),
    ),
    Attack("a token that has run out", "late", tokens_aside(run_out), ("token",)),
    Attack("a session that was signed out", "late", tokens_aside(signed_out), ("token",)),
    Attack(
        "an account that has ended",
        "late",
        account_over(lambda w: accounts.end_account(w.scene.state, by("ada"), "ann")),
        ("token",),
        alters=True,
    ),
    Attack(
        "an account with another role by now",
        "late",
        account_over(
            lambda w: accounts.change_account(w.scene.state, by("ada"), "ann", role="viewer")
        ),
        _ROLE,
        alters=True,
    ),
    Attack(
        "an answer that is too late", "late", answers_alone(too_late), ("refusals",), alters=True
    ),
    Attack(
        "an answer after it is on record as late",
        "late",
        answers_alone(recorded_as_late),
        ("refusals",),
        alters=True,
    ),
    Attack(
        "a delegation that was ended",
        "late",
        answers_alone(delegation_over),
        ("entitled",),
        alters=True,
    ),
    Attack("one person's approval again", "replayed", again, alters=True),
    Attack("approvals after a rejection", "replayed", over_again, alters=True),
    Attack("two of whom one is the other", "replayed", both_by_delegation, alters=True),
    Attack("one person three times at once", "raced", at_once("ann"), alters=True),
    Attack("three people three times at once", "raced", at_once("ann", "ben", "ada"), alters=True),
    Attack(
        "an answer without the role", "role-less", without_role(("olga", "vic"), ANSWERS), _ROLE
    ),
    Attack("work without the role", "role-less", without_role(("vic",), OPERATES), ("permission",)),
    Attack(
        "accounts without the role",
        "role-less",
        without_role(("vic", "olga", "ben"), ADMINISTERS),
        _ROLE,
    ),
    Attack("a token that may only read", "role-less", narrow_token, ("permission",)),
)
