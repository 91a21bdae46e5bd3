"""The stand-in for reality: a network simulator that shares nouns with the twin, and no arithmetic.

`case_truth` and `truth_view` hold what only evaluators may see.
"""

from tools.network.emulated.case_world import CaseWorld, load_case_world
from tools.network.emulated.clock import PacedClock, SimulatedClock
from tools.network.emulated.network import EmulatedNetwork

__all__ = ["CaseWorld", "EmulatedNetwork", "PacedClock", "SimulatedClock", "load_case_world"]
