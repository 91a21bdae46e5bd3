"""Which network a planner means, and with which traffic."""

import re
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from channels.networks import network_names, open_network
from channels.planning.reading import is_file, text_of
from channels.provenance import code_version
from graphs.inventory_file import kept_inventory, networks_with_inventory
from graphs.state_directory import StateDirectory
from graphs.tracker_file import kept_tracker
from twin.errors import BadInput, BadTopology
from twin.forecasting import DEFAULT_UNCERTAINTY, Uncertainty
from twin.nouns.base import Noun
from twin.nouns.inventory import Inventory
from twin.nouns.origins import Figure, Origin, Origins
from twin.nouns.state import NetworkState
from twin.nouns.traffic import TrafficMatrix
from twin.nouns.way import Way
from twin.physics.twin import Twin, profile_at
from twin.sources.topohub_source import topohub_names
from twin.sources.traffic_matrix import read_traffic_matrix
from twin.sources.world import WorldSpec, build_inventory, inventory_from_text
from twin.tracking.belief import Belief

TRAFFIC_HELP = "peak, an hour of the profile (18:00), a factor (x1.3), both, or a CSV or JSON file."

MOST_TIMES = 1000.0
"""The largest factor of the traffic."""


class Provenance(Noun):
    """What a figure was computed from. `seed`: None where nothing was drawn by chance.

    `topology`: where it comes from. `traffic`: which, in words. `origins`: which of it all is
    assumed. `down_links`: already down.
    """

    topology: str
    nodes: int
    links: int
    traffic: str
    offered_bps: float
    seed: int | None
    code: str
    origins: Origins
    down_links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """A network to ask about, and the state that it is asked about in.

    `uncertainty`: how wrong forecasts of it may be. `now_s`: of its clock, None where it has none.
    """

    twin: Twin
    state: NetworkState
    provenance: Provenance
    uncertainty: Uncertainty = DEFAULT_UNCERTAINTY
    now_s: float | None = None


def open_planned(state: StateDirectory, name: str, traffic: str, seed: int) -> Planned:
    """The network `name`: of the state directory, in a file, or of topohub.

    A network of the state directory that was watched is taken as its watch last saw it: with the
    tracked demand, its running configuration, and the links that are down.

    Raises:
        BadInput: there is no such network, its file cannot be read, or `traffic` means nothing.
        NetworkHeld: it was never watched, and another process has it.
    """
    (planned,) = open_with_each(state, name, (traffic,), seed)
    return planned


def open_with_each(
    state: StateDirectory, name: str, traffics: Sequence[str], seed: int
) -> tuple[Planned, ...]:
    """The network once, with each of `traffics`; what is raised as above."""
    tracker = None
    if name in known_networks(state):
        inventory = kept_inventory(state, name) or _inventory_of(state, name)
        twin = Twin(inventory)
        tracker = kept_tracker(state, name, twin)
        watched = tracker.believed_state(level=1.0) if tracker else None
        start = watched or twin.state()
        twin = twin.of(start)
        source = f"{name} ({inventory.topology.name}{', as last watched' if watched else ''})"
    elif is_file(name):
        twin = Twin(inventory_from_text(text_of(Path(name)), name, seed))
        start, source = twin.state(), name
    else:
        twin = Twin(_from_topohub(state, name, seed))
        start, source = twin.state(), name
    drawn = None if name in known_networks(state) else seed
    uncertainty = Belief(tracker=tracker, seed=seed).uncertainty if tracker else DEFAULT_UNCERTAINTY
    return tuple(
        Planned(
            twin,
            replace(start, traffic=matrix),
            _provenance(source, start, matrix, words, drawn, _origins(twin, traffic, start)),
            uncertainty=uncertainty,
            now_s=tracker.now_s if tracker else None,
        )
        for traffic in traffics
        for matrix, words in [_traffic(traffic, start.traffic, twin.inventory)]
    )


def _provenance(
    source: str,
    start: NetworkState,
    matrix: TrafficMatrix,
    words: str,
    seed: int | None,
    origins: Origins,
) -> Provenance:
    return Provenance(
        topology=source,
        nodes=len(start.topology.nodes),
        links=len(start.topology.links),
        traffic=words,
        offered_bps=float(matrix.rates_bps.sum()),
        seed=seed,
        code=code_version(),
        origins=origins,
        down_links=tuple(sorted(start.down_links)),
    )


def known_networks(state: StateDirectory) -> tuple[str, ...]:
    """The networks of the state directory, in order of name."""
    return tuple(sorted({*network_names(state), *networks_with_inventory(state)}))


def only_network(state: StateDirectory) -> str:
    """The network of a state directory that has just one. Raises BadInput."""
    known = known_networks(state)
    if len(known) == 1:
        return known[0]
    if not known:
        raise BadInput(
            f"{state.path} has no network; name one: a topohub name such as sndlib/germany50, or a "
            "network file",
            way=Way(on="NETWORK"),
        )
    raise BadInput(
        f"{state.path} has the networks {', '.join(known)}; name one", way=Way(on="NETWORK")
    )


def _inventory_of(state: StateDirectory, name: str) -> Inventory:
    network, _ = open_network(state, name)
    with closing(network):
        return network.inventory()


def _from_topohub(state: StateDirectory, name: str, seed: int) -> Inventory:
    if name not in topohub_names():
        known = known_networks(state)
        near = get_close_matches(name, [*topohub_names(), *known], n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        there = f" (it has {', '.join(known)})" if known else ""
        raise BadTopology(
            f'"{name}" is not a topohub name, not a file, and not a network of {state.path}'
            f"{there}{hint}"
        )
    return build_inventory(WorldSpec(topology=name, seed=seed))


def _origins(twin: Twin, traffic: str, start: NetworkState) -> Origins:
    """Those of the inventory, and of the demands that take the place of its own."""
    inventory = twin.inventory
    if is_file(traffic):
        how = "in the traffic file"
    elif start.traffic is not inventory.peak_traffic:
        how = "as last watched"
    else:
        return inventory.origins
    return inventory.origins.model_copy(update={"demands": Figure(origin=Origin.GIVEN, how=how)})


_HOUR = re.compile(r"(\d{1,2}):(\d{2})")
_FACTOR = re.compile(r"[x×](\d+(?:\.\d*)?|\.\d+)")


def _traffic(words: str, peak: TrafficMatrix, inventory: Inventory) -> tuple[TrafficMatrix, str]:
    """The matrix that `words` name, and how to call it."""
    if is_file(words):
        return read_traffic_matrix(text_of(Path(words)), words, inventory.topology), words
    matrix = peak
    said: list[str] = []
    readers: list[Callable[[str], tuple[float, str] | None]] = [
        partial(_hour, inventory=inventory),
        _factor,
    ]
    for word in words.split():
        read = [(reader, found) for reader in readers if (found := reader(word)) is not None]
        if not read:
            raise BadInput(
                f'traffic "{words}": "{word}" is no file, and not peak, an hour such as 18:00 or '
                "a factor such as x1.3, one of each at most"
            )
        [(reader, (factor, name))] = read
        readers.remove(reader)
        matrix = matrix.scaled(factor)
        said.append(name)
    if not said:
        raise BadInput(f"no traffic is named; expected {TRAFFIC_HELP}")
    return matrix, " ".join(said if len(readers) == 0 or _factor in readers else ["peak", *said])


def names_hour(words: str) -> bool:
    """Whether the traffic that `words` name is that of one hour."""
    return not is_file(words) and any(_HOUR.fullmatch(word) for word in words.split())


def require_no_hour(words: str) -> None:
    """Raises BadInput: what is of all hours was asked for of one."""
    if names_hour(words):
        raise BadInput(
            f'traffic "{words}": this is over all hours of the day; give peak, a factor such as '
            "x1.3, or a file"
        )


def _hour(word: str, inventory: Inventory) -> tuple[float, str] | None:
    if word == "peak":
        return 1.0, word
    parts = _HOUR.fullmatch(word)
    if parts is None:
        return None
    hour, minute = int(parts[1]), int(parts[2])
    if hour > 23 or minute > 59:
        raise BadInput(f'traffic: "{word}" is no time of day; expected 00:00 to 23:59, UTC')
    factor = profile_at(inventory.profile, 3600.0 * hour + 60.0 * minute)
    return factor, f"{hour:02d}:{minute:02d} UTC ({factor:.0%} of peak)"


def _factor(word: str) -> tuple[float, str] | None:
    parts = _FACTOR.fullmatch(word)
    if parts is None:
        return None
    factor = float(parts[1])
    if not 0 < factor <= MOST_TIMES:
        raise BadInput(
            f'traffic: "{word:.20}" is out of range; expected a factor above 0, at most '
            f"{MOST_TIMES:g}"
        )
    return factor, f"×{factor:g}"
