"""The answer to one what-if, as a document."""

from channels.planning.opening import Planned, Provenance
from twin.events.phrases import read_what_if, what_if_text
from twin.nouns.base import Noun
from twin.whatif.comparison import (
    CascadeEnd,
    Comparison,
    EgressChange,
    ServiceChange,
    Totals,
    cascade_of,
    compare,
)
from twin.whatif.engine import WhatIfEngine


class WhatIfDocument(Noun):
    """A what-if as one JSON document. `limit`: egresses above this utilisation are counted.

    `egresses`: all whose load changes, the largest change first. `services`: all that fare
    differently. `cascade`: None where it was not asked. `without_effect`: no arc is changed.
    """

    run: Provenance
    what_if: str
    limit: float
    without_effect: bool
    before: Totals
    after: Totals
    egresses: tuple[EgressChange, ...]
    services: tuple[ServiceChange, ...]
    cascade: CascadeEnd | None


def answer_what_if(
    planned: Planned, text: str, limit: float, trip_at: float | None = None
) -> tuple[WhatIfDocument, Comparison]:
    """`trip_at`: the utilisation at which links trip; None plays no cascade.

    Raises:
        BadInput: `text` cannot be read as a what-if of this network.
    """
    twin, state = planned.twin, planned.state
    what_if = read_what_if(text, state.topology)
    comparison = compare(state, what_if, twin)
    before, after = comparison.totals(limit)
    cascade = None
    if trip_at is not None:
        engine = WhatIfEngine(state, twin.services, twin.parameters, twin.compiled)
        cascade = cascade_of(engine, what_if, trip_at)
    document = WhatIfDocument(
        run=planned.provenance,
        what_if=what_if_text(what_if),
        limit=limit,
        without_effect=comparison.without_effect,
        before=before,
        after=after,
        egresses=comparison.egresses,
        services=comparison.services,
        cascade=cascade,
    )
    return document, comparison
