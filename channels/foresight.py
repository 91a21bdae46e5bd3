"""What a refresh of a risk register begins with: all that is known of the network now."""

from collections.abc import Sequence

from agents.roles.foresight_imaginer import Told, WorkAhead
from channels.causes import counted
from channels.networks import inventory_of, known_networks, network_time_s, require_known
from channels.planning.opening import Planned
from channels.remembered import incidents_of
from graphs.foresight_study import RegisterRequest, Start
from graphs.state_directory import StateDirectory
from twin.imagination.history import history_of
from twin.knowledge.past import PastIncident
from twin.nouns.planned_work import PlannedWork
from twin.nouns.rates import History

_TOLD = 12
"""Past causes, and pieces of announced work, that are told to whoever imagines."""

_REPLAYED = 50
"""Past incidents, the latest, that may be replayed."""


def begun(state: StateDirectory, network: str, planned: Planned, request: RegisterRequest) -> Start:
    """What is asked of `network`, with all that is known of it now.

    Raises:
        BadInput: there is no such network.
    """
    with state.read_only_journal() as journal:
        require_known(network, known_networks(state, journal))
        now_s = network_time_s(state, journal, network)
        works = journal.planned_work(network, inventory_of(state, network).planned_work)
    past = incidents_of(state, network, now_s)
    history = _history(state, network, past, now_s)
    return Start.of(
        network,
        planned.state,
        request,
        planned.provenance.code,
        history=history,
        causes=counted(state, network, planned.state.topology),
        told=_told(history, [w for w in works if w.ends_s > now_s], now_s),
        past=past[-_REPLAYED:],
        at_s=now_s,
    )


def past_of(state: StateDirectory, network: str) -> History:
    """What has failed on `network` since it is watched, by the incidents of its graph."""
    with state.read_only_journal() as journal:
        now_s = network_time_s(state, journal, network)
    return _history(state, network, incidents_of(state, network, now_s), now_s)


def _history(
    state: StateDirectory, network: str, past: Sequence[PastIncident], now_s: float
) -> History:
    with state.read_only_journal() as journal:
        started = [w.started_s for w in journal.watches() if w.network == network]
    return history_of(past, min(started, default=now_s), now_s)


def _told(history: History, ahead: Sequence[PlannedWork], now_s: float) -> Told:
    """What has failed before, most often first, and announced work, the next first."""
    often = sorted(history.failures.items(), key=lambda item: (-item[1], item[0]))
    works = sorted(ahead, key=lambda work: (work.starts_s, work.id))
    return Told(
        past=dict(often[:_TOLD]),
        work=tuple(
            WorkAhead(
                links=work.links,
                begins_in_hours=round((work.starts_s - now_s) / 3600.0, 1),
                hours=round((work.ends_s - work.starts_s) / 3600.0, 1),
            )
            for work in works[:_TOLD]
        ),
    )
