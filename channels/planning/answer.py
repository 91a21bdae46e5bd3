"""The answer to one what-if, as a document."""

from dataclasses import replace

from channels.planning.opening import Planned, Provenance
from channels.report.wording import clock_time
from twin.events.phrases import read_what_if, what_if_text
from twin.events.what_if import WhatIf
from twin.nouns.base import Noun
from twin.whatif.comparison import (
    CascadeEnd,
    Comparison,
    EgressChange,
    ServiceChange,
    Totals,
    build,
    cascade_of,
    compare,
)
from twin.whatif.engine import WhatIfEngine
from twin.whatif.window import Window, WindowAnswer, safe_within


class WhatIfDocument(Noun):
    """A what-if as one JSON document. `limit`: egresses above this utilisation are counted.

    `egresses`: all whose load or capacity changes, the largest change first. `services`: all that
    fare differently. `cascade`: None where it was not asked. `without_effect`: nothing is changed.
    `assumed`: what is taken for granted of what is built, and what stays as it is though it could
    be thought of. `window`: None where none was asked; with
    one, all figures are of its busiest moment.
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
    assumed: tuple[str, ...] = ()
    window: WindowAnswer | None = None


def answer_what_if(
    planned: Planned,
    text: str,
    limit: float,
    trip_at: float | None = None,
    window: Window | None = None,
    seed: int = 1,
) -> tuple[WhatIfDocument, Comparison]:
    """`trip_at`: the utilisation at which links trip; None plays no cascade.

    `window`: in which it is to be judged; the demand of `planned` is then that of the peak. `seed`:
    of its draws.

    Raises:
        BadInput: `text` cannot be read as a what-if of this network.
    """
    what_if = read_what_if(text, planned.state.topology)
    judged = None
    if window is not None:
        judged = safe_within(
            planned.twin,
            planned.state,
            what_if,
            window,
            limit=limit,
            uncertainty=planned.uncertainty,
            seed=seed,
        )
        planned = _at_moment(planned, judged)
    twin, state = planned.twin, planned.state
    comparison = compare(state, what_if, twin)
    before, after = comparison.totals(limit)
    cascade = None
    if trip_at is not None:
        built = build(state, what_if, twin)
        twin = built.twin
        engine = WhatIfEngine(built.state, twin.services, twin.parameters, twin.compiled)
        cascade = cascade_of(engine, built.rest, trip_at)
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
        assumed=(*comparison.assumed, *_unsaid(what_if)),
        window=judged,
    )
    return document, comparison


def _unsaid(what_if: WhatIf) -> list[str]:
    return [said for event in what_if if (said := event.unsaid(what_if))]


def _at_moment(planned: Planned, judged: WindowAnswer) -> Planned:
    """With the demand of the busiest moment of the window."""
    traffic = planned.state.traffic.scaled(judged.level)
    run = planned.provenance.model_copy(
        update={
            "traffic": f"{planned.provenance.traffic} at {clock_time(judged.busiest_s)[:5]} UTC "
            f"({judged.level:.0%} of peak), the busiest moment of the window",
            "offered_bps": float(traffic.rates_bps.sum()),
        }
    )
    return replace(planned, state=replace(planned.state, traffic=traffic), provenance=run)
