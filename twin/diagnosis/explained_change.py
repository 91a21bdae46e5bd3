"""Root causes without a twin: on any graph of who calls whom, by how much of a change is explained.

From the component that is seen to be wrong the walk goes along callees that changed as well. A
callee explains its caller by its own change times its calls per request of the caller; what is left
unexplained is the component's own. So one that is slow since what it calls is slow ranks low.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LARGEST_Z = 50.0
"""Beyond this a change is certain, and how far beyond says nothing (assumed)."""

ANOMALOUS_Z = 3.0
"""From here on a component takes part (the usual three standard deviations)."""

SEEN_BY_CALLERS_ONLY = "_remote"
"""AWS X-Ray's ending for what only its callers report: it stands for whatever is behind it."""


@dataclass(frozen=True, slots=True)
class Change:
    """How one component differs from its normal.

    `by`: seconds, or fraction of requests that fail more; above 0 is worse. `z`: the same in
    standard deviations of its normal. `requests`: in the time that is looked at.
    """

    by: float
    z: float
    requests: float


@dataclass(frozen=True, slots=True)
class Troubled:
    """A component that is wrong, and the dependency graph that it is part of.

    `callees`: components that each one calls. `changes`: of those that are measured.
    """

    target: str
    callees: Mapping[str, Sequence[str]]
    changes: Mapping[str, Change]


def ranked_causes(
    case: Troubled, anomalous_z: float = ANOMALOUS_Z, largest_z: float = LARGEST_Z
) -> tuple[tuple[str, float], ...]:
    """Components with their scores, the most likely root cause first.

    The score is the unexplained share of a component's change, 0..1, times its z up to `largest_z`.
    What only its callers report comes after all others.
    """
    reached = _reached(case, anomalous_z)
    scored = [
        (name, _unexplained(case, name, reached) * min(case.changes[name].z, largest_z))
        for name in reached
    ]
    return tuple(sorted(scored, key=lambda s: (s[0].endswith(SEEN_BY_CALLERS_ONLY), -s[1], s[0])))


def _reached(case: Troubled, anomalous_z: float) -> tuple[str, ...]:
    found, asked = {case.target: None}, [case.target]
    while asked:
        for callee in case.callees.get(asked.pop(), ()):
            change = case.changes.get(callee)
            if callee not in found and change is not None and change.z >= anomalous_z:
                found[callee] = None
                asked.append(callee)
    return tuple(name for name in found if name in case.changes)


def _unexplained(case: Troubled, name: str, reached: Sequence[str]) -> float:
    own = case.changes[name]
    if own.by <= 0 or math.isclose(own.by, 0.0):
        return 0.0
    explained = sum(
        case.changes[callee].by * case.changes[callee].requests / max(own.requests, 1.0)
        for callee in case.callees.get(name, ())
        if callee in reached and callee != name
    )
    return min(1.0, max(0.0, 1.0 - explained / own.by))
