"""All words of the language, in an order that weights depend on: a new one comes at the end."""

from collections.abc import Mapping, Sequence

NETWORK, NOW, WITHHELD = "<network>", "<now>", "<withheld>"
"""Before what the twin says of a network as it is planned, and as it is once something has struck;
and in place of that where it is not told."""

NEXT, END, NONE, FAR = "<next>", "<end>", "<none>", "<far>"
"""Before what fails next; after the last event; no surge, no work, no victim; and before a rank
that is as many higher as there are ranks."""

RANKS: Mapping[str, int] = {"link": 128, "node": 64, "group": 64, "variant": 32}
"""Ranks that have a word, by what is ranked: the first is that which most passes."""

BUCKETS = 8
"""Of each of FEATURES."""

FEATURES = ("share", "utilisation", "betweenness", "stress", "moved", "nodes")

MECHANISMS = ("cut off", "overload", "queue", "nothing")

LOSSES = 5
"""Buckets of what a day costs, of the worst that is known of its network."""

ANY_LOSS, ANY_CHANGE = "loss any", "change any"

CHANGED = ("configuration", "demand", "failure", "quality", "mixed")

KINDS = (
    "access_breach", "blackhole_route", "demand_surge", "device_down", "fiber_cut", "high_latency",
    "igp_weight_misconfig", "interface_shut_down", "link_capacity_bottleneck", "link_down",
    "link_flap", "packet_loss", "policer_misconfig", "power_feed_loss", "router_overload",
    "silent_egress_packet_loss", "tcp_syn_flood_attack", "traffic_spike", "unannounced_drain",
    "web_dos_attack",
)  # fmt: skip
"""Of faults, that have a word; another one is never said."""

WORDS: tuple[str, ...] = (
    *(NETWORK, NOW, WITHHELD, NEXT, END, NONE, FAR, "everywhere", ANY_LOSS, ANY_CHANGE),
    *(f"loss {n}" for n in range(LOSSES)),
    *(f"change {name}" for name in CHANGED),
    *(f"hour {n}" for n in range(24)),
    *(f"demand {n}" for n in range(3)),
    *(f"after {n}" for n in range(4)),
    *(f"mechanism {name}" for name in MECHANISMS),
    *(f"{name} {n}" for name in FEATURES for n in range(BUCKETS)),
    *(f"{name} {n}" for name, count in RANKS.items() for n in range(count)),
    *KINDS,
)

ID: Mapping[str, int] = {word: number for number, word in enumerate(WORDS)}


def ids(words: Sequence[str]) -> list[int]:
    """Their numbers."""
    return [ID[word] for word in words]


def ranked(what: str, rank: int) -> tuple[str, ...]:
    """The words of a rank: FAR as often as it goes beyond those that have a word."""
    far, near = divmod(rank, RANKS[what])
    return (*(FAR,) * far, f"{what} {near}")
