"""What may fail next, while the remedy for what has failed is in force."""

from twin.events.fault import Fault
from twin.nouns.base import Noun


class ImaginedFault(Noun):
    """A further fault; every remedy is simulated with it.

    `id`: of the exposure that it was taken from. `probability`: of it happening before the repair,
    0..1. `why`: what it tests, in the mind's words. `max_utilisation`: of offered load with nothing
    done, 1.0 is full; None where it was not kept.
    """

    id: str
    probability: float
    why: str
    fault: Fault
    max_utilisation: float | None = None
