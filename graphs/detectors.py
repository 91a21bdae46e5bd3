"""Which detectors watch a network."""

from tools.provided import DETECTORS, blaming, load, provided
from twin.tracking.detectors import SHIPPED
from twin.tracking.detectors.detector import DetectorClass


def detectors() -> tuple[DetectorClass, ...]:
    """Those that ship, and behind them those that installed distributions bring.

    Raises:
        BadInput: one of these cannot be loaded, or is no detector; names the distribution.
    """
    return (*SHIPPED, *(_brought(name) for name in provided(DETECTORS)))


def _brought(name: str) -> DetectorClass:
    found = load(DETECTORS, name)
    with blaming(DETECTORS, name):
        if not (
            callable(found) and isinstance(found.name, str) and isinstance(found.watches, tuple)
        ):
            raise TypeError("a detector has a name, a tuple of what it watches, and can be called")
    made: DetectorClass = found
    return made
