"""The stand-in for reality: a network simulator that shares nouns with the twin, and no arithmetic.

`case_truth` and `truth_view` hold what only evaluators may see.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tools.network.emulated.case_world import CaseWorld, load_case_world
    from tools.network.emulated.clock import PacedClock, SimulatedClock
    from tools.network.emulated.network import EmulatedNetwork

__all__ = ["CaseWorld", "EmulatedNetwork", "PacedClock", "SimulatedClock", "load_case_world"]

_PLACES = {
    "CaseWorld": "case_world",
    "EmulatedNetwork": "network",
    "PacedClock": "clock",
    "SimulatedClock": "clock",
    "load_case_world": "case_world",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for: the driver, which lies here too, tells the time without it."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
