"""Whether a worker computes what this process computes: same code, same versions, same arithmetic.

A rollout is repeatable only where all three are the same; numpy's exponential, for one, differs in
the last bit between processors with and without AVX-512.
"""

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

import twin
from twin.errors import BadInput
from twin.physics.assessment import DEFAULT_PARAMETERS
from twin.physics.queueing import serve_egresses

_DISTRIBUTIONS = ("llvmlite", "networkx", "numba", "numpy", "pydantic")
_SAMPLES = 3000

Fingerprint = dict[str, str]
"""What has to be equal, by name."""


class WorkersDiffer(BadInput):
    """A worker would not give the bytes that this process gives."""


@cache
def _own() -> tuple[tuple[str, str], ...]:
    versions = [(name, version(name)) for name in _DISTRIBUTIONS]
    return (
        ("Python", platform.python_version()),
        *versions,
        ("the code of twin/", _code()),
        ("arithmetic", _arithmetic()),
    )


def fingerprint() -> Fingerprint:
    """That of this process, as it was when first asked for."""
    return dict(_own())


def require_same(theirs: Fingerprint, where: str) -> None:
    """Raise WorkersDiffer, naming what differs, unless the worker at `where` is like this one."""
    ours = fingerprint()
    names = [name for name in sorted({*ours, *theirs}) if ours.get(name) != theirs.get(name)]
    if names:
        differences = "; ".join(
            f"{name}: {theirs.get(name, 'none')} there, {ours.get(name, 'none')} here"
            for name in names
        )
        raise WorkersDiffer(
            f"the worker {where} would not give the same results ({differences}); install the same "
            "commit with the same constraints.txt on the same kind of processor, or start again "
            "after an upgrade"
        )


def _code() -> str:
    root = Path(twin.__file__).parent
    digest = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        digest.update(file.relative_to(root).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _arithmetic() -> str:
    """Digest of random draws, exponentials, and the compiled queues on a fixed grid of loads."""
    draws = np.exp(0.5 * np.random.default_rng(11).standard_normal(_SAMPLES))
    arriving = 4e8 * draws.reshape(-1, 1, 3)
    capacity = np.full((len(arriving), 1), 1e9)
    policed = np.full((len(arriving), 3), np.inf)
    served = serve_egresses(arriving, capacity, policed, DEFAULT_PARAMETERS)
    digest = hashlib.sha256()
    for array in (draws, served.sent, served.wait_s, np.log(draws), draws.sum()):
        digest.update(array.tobytes())
    return digest.hexdigest()[:12]
