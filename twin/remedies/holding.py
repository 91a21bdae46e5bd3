"""A link that comes back is soaked before it carries traffic again: it is drained while it is down.

Whoever spliced a fibre has not seen what it does under load. What is drained at both ends comes
back idle, and its traffic returns by a change of its own, which is watched and taken back if
services get worse.
"""

from collections.abc import Sequence

from twin.events.actions.drain_link import DrainLink
from twin.events.fault import Fault
from twin.nouns.plan import Plan, Remedy
from twin.nouns.state import NetworkState
from twin.physics.compiled import arc_weights
from twin.remedies.believed import links_of
from twin.remedies.moves import bridges, carries
from twin.remedies.objective import devices_touched
from twin.remedies.trials import Trial

_ROOM = 0.9
"""As long as no egress is expected to be fuller at the busiest hour, nobody needs the link."""


def with_links_held(
    trial: Trial, cause: Sequence[Fault], state: NetworkState, most_devices: int
) -> Remedy:
    """The remedy of `trial`, with the links that `cause` takes down drained besides.

    Without them where a service, or an egress, is expected to need them before the repair, where
    there is no other way, or where more than `most_devices` would be touched.
    """
    remedy, ahead = trial.remedy, trial.ahead
    links = sorted(links_of(cause) & state.down_links)
    spare = ahead.breached_services.p95 < 1.0 and ahead.max_utilisation.p95 < _ROOM
    drains = tuple(DrainLink(link=link) for link in links if not _is_drained(link, state))
    actions = (*remedy.actions, *drains)
    if (
        not (drains and spare)
        or _is_only_way(links, state)
        or len(devices_touched(actions, state.topology)) > most_devices
    ):
        return remedy
    return remedy.model_copy(update={"actions": actions})


def held_links(plan: Plan) -> tuple[str, ...]:
    """The links of its cause that the plan has come back drained."""
    down = links_of(plan.cause)
    return tuple(a.link for a in plan.actions if isinstance(a, DrainLink) and a.link in down)


def only_holds(plan: Plan) -> bool:
    """Whether the plan does nothing else, so that nobody suffers where it is not carried out."""
    return 0 < len(plan.actions) == len(held_links(plan))


def _is_drained(link: str, state: NetworkState) -> bool:
    known = state.topology.link(link)
    return any(state.running.device(n).interface(link).drained for n in (known.a, known.b))


def _is_only_way(links: Sequence[str], state: NetworkState) -> bool:
    up = state.down_links - frozenset(links)
    usable = carries(arc_weights(state.topology, state.running, up))
    only = bridges(state.topology, usable)
    return any(only[state.topology.link_index[link]] for link in links)
