"""What a foreign mind may cost, and what it has cost.

Our own minds are free: they run on this machine and always end.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from pydantic import Field

from agents.transcript import json_text
from twin.nouns.base import Noun

BYTES_PER_TOKEN = 3
"""Our rule where a server reports no usage: UTF-8 bytes / 3, rounded up. English is nearer to 4."""


class Price(Noun):
    """What a million tokens cost, in the currency that the settings name."""

    input_per_million: float = Field(ge=0)
    output_per_million: float = Field(ge=0)

    def of(self, input_tokens: int, output_tokens: int) -> float:
        """The cost of so many tokens."""
        return (
            input_tokens * self.input_per_million + output_tokens * self.output_per_million
        ) / 1e6


class Charges(Noun):
    """What was used. `seconds`: wall time spent waiting for minds.

    `estimated_calls`: of `calls`, those whose tokens were counted by our rule.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    estimated_calls: int = 0

    @property
    def tokens(self) -> int:
        """Both directions."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Charges") -> "Charges":
        return Charges(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            seconds=self.seconds + other.seconds,
            estimated_calls=self.estimated_calls + other.estimated_calls,
        )


class Limits(Noun):
    """What foreign minds may use. `steps_per_role`: replies in one role run; the rest per budget.

    `call_deadline_s`: wall seconds that one call may take.
    """

    steps_per_role: int = Field(default=12, ge=0)
    calls: int = Field(default=25, ge=0)
    tokens: int = Field(default=80_000, ge=0)
    seconds: float = Field(default=300.0, ge=0)
    call_deadline_s: float = Field(default=60.0, gt=0)


class Budget:
    """`limits` and what is already spent, for as many role runs as share it (an incident's).

    `spent` comes from the journal where a run goes on after a restart.
    """

    def __init__(self, limits: Limits | None = None, spent: Charges | None = None) -> None:
        self.limits = limits or Limits()
        self._spent = spent or Charges()

    @property
    def spent(self) -> Charges:
        """Everything that was charged."""
        return self._spent

    def charge(self, charges: Charges) -> None:
        """Add what a foreign mind used, whether or not its reply was any good."""
        self._spent = self._spent + charges

    def deadline_s(self) -> float:
        """Wall seconds that the next call may take."""
        return min(self.limits.call_deadline_s, self.limits.seconds - self._spent.seconds)

    def refusal(self, steps: int) -> str | None:
        """Why a foreign mind may not be asked again after `steps` replies, or None if it may."""
        used = (
            ("steps in this role", steps, self.limits.steps_per_role),
            ("calls", self._spent.calls, self.limits.calls),
            ("tokens", self._spent.tokens, self.limits.tokens),
            ("seconds", self._spent.seconds, self.limits.seconds),
        )
        for noun, amount, limit in used:
            if amount >= limit:
                return f"{amount:g} of {limit:g} {noun} are used"
        return None


def tokens_by_rule(text: str) -> int:
    """Tokens in `text` by our rule."""
    return -(-len(text.encode(errors="replace")) // BYTES_PER_TOKEN)


def charges_of(
    messages: Sequence[BaseMessage],
    schemas: Sequence[Mapping[str, Any]],
    reply: object,
    seconds: float,
) -> Charges:
    """What one call used: the server's count of tokens where it gives one, else ours.

    `reply` is what came back, or None; a call without a reply is charged for what was sent.
    """
    usage = reply.usage_metadata if isinstance(reply, AIMessage) else None
    if usage is not None:
        # A server may say anything, and a negative count would refill the budget.
        used = max(0, usage["input_tokens"]), max(0, usage["output_tokens"])
    else:
        sent = "".join(map(_written, messages)) + json_text(schemas)
        got = _written(reply) if isinstance(reply, AIMessage) else ""
        used = tokens_by_rule(sent), tokens_by_rule(got)
    return Charges(
        calls=1,
        input_tokens=used[0],
        output_tokens=used[1],
        seconds=seconds,
        estimated_calls=int(usage is None),
    )


def _written(message: BaseMessage) -> str:
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    return message.text + "".join(call["name"] + str(call["args"]) for call in calls)
