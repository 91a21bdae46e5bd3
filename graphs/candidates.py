"""Who is asked for remedies besides the mind.

NOCTUA_POLICY            a planner or learned policy (docs/policies.md) whose proposals the twin
                         tries beside those of rules and search; none unless it is set
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tools.policies import policy_named
from twin.nouns.plan import Source
from twin.remediation.advice import Advice, advice
from twin.remediation.policy import Policy
from twin.remediation.situation import Situation

POLICY_SETTING = "NOCTUA_POLICY"


@dataclass(frozen=True, slots=True)
class Candidates:
    """`policy`: that is asked, called `name`. `without`: who is not asked at all."""

    policy: Policy | None = None
    name: str = ""
    without: frozenset[Source] = frozenset()

    def advised(self, situation: Situation) -> Advice:
        """What the policy proposes and the twin finds better than to wait.

        Raises:
            Refused: it proposes what may not be done.
        """
        if self.policy is None or "policy" in self.without:
            return Advice()
        return advice(self.policy, situation)


def candidates_from(environ: Mapping[str, str]) -> Candidates:
    """Those of the setting.

    Raises:
        BadInput: no policy has that name.
    """
    name = environ.get(POLICY_SETTING, "").strip()
    return Candidates(policy_named(name), name) if name else Candidates()
