"""What a refresh of a risk register is about: a question, and the network as it was then."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from agents.roles.foresight_imaginer import Told
from tools.causal_lm.opening import open_causal_lm
from twin.imagination.beside import Beside
from twin.imagination.elements import Element, elements_of
from twin.imagination.enumeration import MOST_SETS
from twin.imagination.regimes import Regime, regimes_of
from twin.knowledge.past import PastIncident
from twin.nouns.base import IfGiven, Noun, content_hash
from twin.nouns.common_cause import CommonCause
from twin.nouns.rates import History, Rates
from twin.nouns.risk import HardeningCosts
from twin.nouns.state import NetworkState
from twin.nouns.ticket import Ticket
from twin.nouns.traffic import TrafficMatrix
from twin.physics.twin import Twin

SIMULATIONS = 100
"""Days that are looked at beside the register: a fifth of a second each on germany50."""


class RegisterRequest(Noun):
    """What of a register is wanted: so many `lines`, of up to `most` sets of what may fail, so many
    changes that `harden`, and so many `simulations` of days beside it. `generators`: who proposes
    these days, in equal shares; None: as a mind says.
    """

    lines: int = 100
    most: int = MOST_SETS
    seed: int = 1
    harden: int = 0
    costs: HardeningCosts = HardeningCosts()
    rates: Rates = Rates()
    simulations: int = SIMULATIONS
    generators: IfGiven[tuple[str, ...]] = None


class Start(Noun):
    """All that a refresh depends on, as it was when it began, besides what is built and runs.

    `peak_bps`: (3, n, n) demand at its peak. `history`, `causes`: what has failed so far, and what
    several things share. `told`, `past`: what there is to imagine from, and incidents that may be
    replayed. `at_s`: of the network's clock. `code`: its version.
    """

    network: str
    request: RegisterRequest
    peak_bps: tuple[tuple[tuple[float, ...], ...], ...]
    history: History
    causes: tuple[CommonCause, ...]
    told: Told
    past: tuple[PastIncident, ...]
    at_s: float
    code: str

    @classmethod
    def of(
        cls,
        network: str,
        state: NetworkState,
        request: RegisterRequest,
        code: str,
        *,
        history: History | None = None,
        causes: Sequence[CommonCause] = (),
        told: Told | None = None,
        past: Sequence[PastIncident] = (),
        at_s: float = 0.0,
    ) -> "Start":
        """`state`: with the demand of its peak."""
        return cls(
            network=network,
            request=request,
            peak_bps=state.traffic.rates_bps.tolist(),
            history=history or History(),
            causes=tuple(causes),
            told=told or Told(),
            past=tuple(past),
            at_s=at_s,
            code=code,
        )

    def asked(self, state: NetworkState, tickets: Sequence[Ticket]) -> str:
        """A hash of the question, and of what is built, runs and is down in `state`.

        Not of what drifts, as demand does, nor of the clock: a refresh that was cut off goes on
        with what it began with.
        """
        of = [
            self.request.model_dump(mode="json"),
            [cause.model_dump(mode="json") for cause in self.causes],
            [[ticket.id, ticket.time_s, ticket.text.raw] for ticket in tickets],
            self.code,
            state.topology.model_dump(mode="json"),
            state.running.model_dump(mode="json"),
            sorted(state.down_links),
        ]
        return content_hash(of)


@dataclass(frozen=True)
class Study:
    """`start`, with the twin of its network, and the state that is judged in."""

    start: Start
    twin: Twin
    state: NetworkState

    @classmethod
    def of(cls, start: Start, twin: Twin, state: NetworkState) -> "Study":
        """`state`: of which all but the demand is as it was when the refresh began."""
        peak = TrafficMatrix(state.traffic.nodes, np.array(start.peak_bps, np.float64))
        return cls(start, twin, replace(state, traffic=peak))

    @cached_property
    def elements(self) -> tuple[Element, ...]:
        """What may fail."""
        start = self.start
        return elements_of(self.state.topology, start.request.rates, start.history, start.causes)

    @cached_property
    def regimes(self) -> tuple[Regime, ...]:
        """Levels of demand."""
        return regimes_of(self.twin.inventory.profile)

    @cached_property
    def beside(self) -> Beside:
        """What searches beside the register."""
        start = self.start
        return Beside(
            self.twin, self.state, self.elements, start.request.seed, start.past, open_causal_lm
        )
