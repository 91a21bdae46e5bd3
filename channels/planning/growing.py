"""The growth of a network as a document."""

from channels.planning.opening import Provenance
from twin.nouns.base import Noun
from twin.whatif.growth import Growth


class GrowthDocument(Noun):
    """What came of it, and what it was computed from."""

    run: Provenance
    growth: Growth
