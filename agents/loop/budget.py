"""What foreign minds may cost, and what they have cost, for an incident and for each role in it.

Our own minds are free: they run on this machine and always end.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from pydantic import Field

from agents.loop.transcript import json_text
from tools.journal.records import BYTES_PER_TOKEN, Charges
from twin.nouns.base import Noun

_MOST_TOKENS = 10**9
"""Of one call; a server may say anything, and the journal keeps 64 bits."""


class Price(Noun):
    """What a million tokens cost, in the currency that the settings name."""

    input_per_million: float = Field(ge=0)
    output_per_million: float = Field(ge=0)

    def of(self, input_tokens: int, output_tokens: int) -> float:
        """The cost of so many tokens."""
        return (
            input_tokens * self.input_per_million + output_tokens * self.output_per_million
        ) / 1e6


class RoleLimits(Noun):
    """What foreign minds may use for one role in one incident; None: the incident's limits alone.

    `steps`: replies in one run of the role; everything else is over all its runs.
    """

    steps: int | None = Field(default=None, ge=0)
    calls: int | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)
    seconds: float | None = Field(default=None, ge=0)
    cost: float | None = Field(default=None, ge=0)


class DayLimits(Noun):
    """What foreign minds may use in a day (UTC) for looking at a network's fresh symptoms, and once
    more for refreshing its risk register.

    A look that opens an incident, or adds to one, is charged to that one as well.
    """

    calls: int = Field(default=200, ge=0)
    tokens: int = Field(default=600_000, ge=0)
    seconds: float = Field(default=1800.0, ge=0)
    cost: float | None = Field(default=None, ge=0)


class Limits(Noun):
    """What foreign minds may use in one incident, in one role of it, and in a day's watch.

    `steps`: replies over all roles; `steps_per_role`: replies in one role run. `calls`: requests,
    answered or not. `cost`: in `currency`; it counts calls whose price is known. `role`: of every
    role; `roles`: of one, in its place. `call_deadline_s`: wall seconds that one call may take.
    `reply_bytes`: of one reply, unpacked; what is larger is no reply.
    `rest_s`: wall seconds for which a mind that was down or late is not asked again, longer each
    time that it fails anew. A limit ends the asking once it is reached: the call that reaches it is
    still finished.
    """

    steps: int = Field(default=100, ge=0)
    steps_per_role: int = Field(default=12, ge=0)
    calls: int = Field(default=25, ge=0)
    tokens: int = Field(default=80_000, ge=0)
    seconds: float = Field(default=300.0, ge=0)
    cost: float | None = Field(default=None, ge=0)
    currency: str = "USD"
    call_deadline_s: float = Field(default=60.0, gt=0)
    reply_bytes: int = Field(default=8 * 2**20, ge=2**10)
    rest_s: float = Field(default=60.0, ge=0)
    role: RoleLimits = RoleLimits()
    roles: Mapping[str, RoleLimits] = Field(default_factory=dict)
    day: DayLimits = DayLimits()

    def of_day(self) -> "Limits":
        """These limits, with those of a day's watch in place of an incident's."""
        return self.model_copy(update={name: getattr(self.day, name) for name in _DAILY})


_DAILY = tuple(DayLimits.model_fields)


class Budget:
    """`limits` and what is already spent, for as many role runs as share it (an incident's).

    `spent`: by role, from the journal where a run goes on after a restart. `keep` is told of every
    charge at once, so that a death of the process loses none.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        spent: Mapping[str, Charges] | None = None,
        keep: Callable[[str, Charges], None] = lambda _role, _charges: None,
    ) -> None:
        self.limits = limits or Limits()
        self._by_role = dict(spent or {})
        self._keep = keep

    @property
    def spent(self) -> Charges:
        """Everything that was charged."""
        return reduce(add, self._by_role.values(), Charges())

    def spent_by(self, role: str) -> Charges:
        """What was charged for `role`."""
        return self._by_role.get(role, Charges())

    def charge(self, role: str, charges: Charges) -> None:
        """Add what a foreign mind used for `role`, whether or not its reply was any good."""
        self._by_role[role] = self.spent_by(role) + charges
        self._keep(role, charges)

    def deadline_s(self, role: str) -> float:
        """Wall seconds that the next call for `role` may take."""
        limits, own = self.limits, self._role_limits(role)
        left = [limits.call_deadline_s, limits.seconds - self.spent.seconds]
        if own.seconds is not None:
            left.append(own.seconds - self.spent_by(role).seconds)
        return max(0.0, min(left))

    def refusal(self, role: str, steps: int) -> str | None:
        """Why no foreign mind may be asked for `role` again, or None if one may.

        `steps`: replies that it has given in this role run.
        """
        limits, own = self.limits, self._role_limits(role)
        most = limits.steps_per_role if own.steps is None else own.steps
        used = [
            (f"steps in one run of the role {role}", float(steps), most),
            *_used("", self.spent, limits, limits.currency),
            *_used(f" of the role {role}", self.spent_by(role), own, limits.currency),
        ]
        for noun, amount, limit in used:
            if limit is not None and amount >= limit:
                return f"{amount:g} of {limit:g} {noun} are used"
        return None

    def _role_limits(self, role: str) -> RoleLimits:
        return self.limits.roles.get(role, self.limits.role)


def _used(
    whose: str, spent: Charges, limits: Limits | RoleLimits, currency: str
) -> list[tuple[str, float, float | None]]:
    # A role's limit on steps is of one run, and was looked at by then.
    steps = [("steps", spent.steps, limits.steps)] if isinstance(limits, Limits) else []
    used = [
        *steps,
        ("calls", spent.calls, limits.calls),
        ("tokens", spent.tokens, limits.tokens),
        ("seconds", spent.seconds, limits.seconds),
        (currency, spent.cost, limits.cost),
    ]
    return [(f"{noun}{whose}", float(amount), limit) for noun, amount, limit in used]


def tokens_by_rule(text: str) -> int:
    """Tokens in `text` by our rule."""
    return -(-len(text.encode(errors="replace")) // BYTES_PER_TOKEN)


def charges_of_request(
    messages: Sequence[BaseMessage],
    schemas: Sequence[Mapping[str, Any]],
    price: Price | None = None,
    currency: str = "",
) -> Charges:
    """What is charged once a call is sent, by our rule: it may never come back.

    Whoever dies while waiting has been charged, and cannot wait for ever by dying again.
    """
    sent = tokens_by_rule("".join(map(_written, messages)) + json_text(schemas))
    return _priced(
        Charges(calls=1, ruled_calls=1, input_tokens=sent, ruled_input_tokens=sent), price, currency
    )


def charges_of_call(
    sent: Charges, reply: object, seconds: float, price: Price | None = None, currency: str = ""
) -> Charges:
    """What the whole call used: the server's count of tokens where it gives one, else ours.

    `sent`: what was charged for its request; `reply`: what came back, or None.
    """
    if not isinstance(reply, AIMessage):
        return sent + Charges(seconds=seconds)
    ruled = tokens_by_rule(_written(reply))
    usage = reply.usage_metadata
    counted = (sent.ruled_input_tokens, ruled)
    # No request has no tokens, and a negative count would refill the budget.
    credible = usage is not None and usage["input_tokens"] > 0 and usage["output_tokens"] >= 0
    if usage is not None and credible:
        counted = _capped(usage["input_tokens"]), _capped(usage["output_tokens"])
    used = Charges(
        steps=1,
        calls=1,
        input_tokens=counted[0],
        output_tokens=counted[1],
        ruled_input_tokens=sent.ruled_input_tokens,
        ruled_output_tokens=ruled,
        ruled_calls=int(not credible),
        seconds=seconds,
    )
    return _priced(used, price, currency)


def _capped(tokens: int) -> int:
    return min(tokens, _MOST_TOKENS)


def _priced(charges: Charges, price: Price | None, currency: str) -> Charges:
    if price is None:
        return charges
    cost = price.of(charges.input_tokens, charges.output_tokens)
    return charges.model_copy(update={"cost": cost, "currency": currency})


def _written(message: BaseMessage) -> str:
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    return message.text + "".join(call["name"] + str(call["args"]) for call in calls)
