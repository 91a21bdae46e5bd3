"""Who thinks: for each role the minds that are asked, in order."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from agents.loop.budget import Limits
from agents.loop.role import Mind
from twin.errors import BadInput


class Minds:
    """A chain of minds for every role, those in `by_role` for theirs, and what they may cost.

    Raises:
        BadInput: a chain does not end in a mind of our own, so that nobody would be left to answer.
    """

    def __init__(
        self,
        default: Sequence[Mind],
        by_role: Mapping[str, Sequence[Mind]] = MappingProxyType({}),
        limits: Limits | None = None,
    ) -> None:
        self.default = _chain("every role", default)
        self.by_role = {role: _chain(f"the role {role}", minds) for role, minds in by_role.items()}
        self.limits = limits or Limits()

    def for_role(self, role: str) -> tuple[Mind, ...]:
        """The minds that play `role`, in the order in which they are asked."""
        return self.by_role.get(role, self.default)

    def ours(self, role: str) -> tuple[Mind, ...]:
        """The last mind that plays `role`, which is our own."""
        return self.for_role(role)[-1:]

    @property
    def any_foreign(self) -> bool:
        """Whether any role may ask a mind that is not ours."""
        chains = (self.default, *self.by_role.values())
        return any(mind.foreign for chain in chains for mind in chain)


def _chain(whose: str, minds: Sequence[Mind]) -> tuple[Mind, ...]:
    chain = tuple(minds)
    if not chain or chain[-1].foreign:
        named = ", ".join(mind.name for mind in chain) or "nobody"
        raise BadInput(
            f"the minds of {whose} ({named}) end in none of our own; end them with the playbook, "
            "which always answers"
        )
    return chain
