"""What stands between a plan and the devices, as values: all of it, or all but one.

With one taken out, it is tried whether that one is what holds (`evals/hostile/`).
"""

from dataclasses import dataclass, replace
from typing import Self

from tools.change.gate import RULES
from tools.change.plan_rules import Rule
from tools.change.soundness import CHECKS, Check


@dataclass(frozen=True, slots=True)
class Controls:
    """The gate's rules, and the checks of the journal, in order."""

    rules: tuple[Rule, ...] = RULES
    checks: tuple[Check, ...] = CHECKS

    def without(self, *names: str) -> Self:
        """All but the rules and checks of those names.

        Raises:
            KeyError: nothing has one of the names.
        """
        known = {control.__name__ for control in (*self.rules, *self.checks)}
        if unknown := set(names) - known:
            raise KeyError(f"no control is called {', '.join(sorted(unknown))}")
        return replace(
            self,
            rules=tuple(rule for rule in self.rules if rule.__name__ not in names),
            checks=tuple(check for check in self.checks if check.__name__ not in names),
        )


EVERY_CONTROL = Controls()
