"""What travels: the figures of one situation there, a score of each choice back. No names.

Both are arrays of little-endian numbers one behind the other, and three sizes before the figures
say how long each is. So nothing has to be parsed, and no size is believed that the body does not
have.
"""

import numpy as np
from numpy.typing import NDArray

from twin.errors import BadInput
from twin.physics.compiled import FloatArray
from twin.remediation.choices import SLOTS, count
from twin.remediation.ranking.seen import Seen
from twin.remediation.ranking.table import ARCS, MOVES, NETWORK, NODES

PATH = "/v1/scores"

DIGEST = "Noctua-Weights"
"""The header that bears the SHA-256 of the weights, in hex: those that are asked for in a request,
and those that scored in an answer.
"""

BINARY = "application/octet-stream"

MOST_BYTES = 16 * 2**20
"""Of a request; a network of 5,000 nodes has less."""

_SIZES = np.dtype(("<i4", 3))
_SCORE = np.dtype("<f4")


def pack(seen: Seen) -> bytes:
    """`seen` as it travels."""
    sizes = (len(seen.nodes), len(seen.arcs), seen.leaving.shape[1])
    record = np.zeros((), _layout(*sizes))
    for name in record.dtype.names or ():
        record[name] = getattr(seen, name)
    return np.array(sizes, "<i4").tobytes() + record.tobytes()


def unpack(body: bytes) -> Seen:
    """The figures that `body` bears.

    Raises:
        BadInput: it is longer or shorter than it says, has a figure that is no number, or an arc
            or node that there is not.
    """
    if len(body) < _SIZES.itemsize:
        raise BadInput(f"{len(body)} bytes are no figures")
    n_nodes, n_arcs, links = np.frombuffer(body, "<i4", 3).tolist()
    if min(n_nodes, n_arcs, links) < 1:
        raise BadInput(f"{n_nodes} nodes, {n_arcs} arcs and {links} links of a node are no network")
    expected = _SIZES.itemsize + _bytes(n_nodes, n_arcs, links)
    if len(body) != expected:
        raise BadInput(
            f"{len(body)} bytes, where {n_nodes} nodes and {n_arcs} arcs take {expected}"
        )
    layout = _layout(n_nodes, n_arcs, links)
    record = np.frombuffer(body, layout, 1, _SIZES.itemsize)[0]
    figures = {name: record[name] for name in ("arcs", "moves", "nodes", "network")}
    places = {name: record[name].astype(np.int64) for name in ("tail", "head")}
    around = {name: record[name].astype(np.int64) for name in ("leaving", "entering")}
    if not all(np.isfinite(array).all() for array in figures.values()):
        raise BadInput("a figure is no number")
    if not (_are_within(places, n_nodes) and _are_within(around, n_arcs + 1)):
        raise BadInput("an arc or a node is named that there is not")
    return Seen(**figures, **places, **around)


def pack_scores(scores: FloatArray) -> bytes:
    """A score of each number as it travels; the model's own precision."""
    return scores.astype(_SCORE).tobytes()


def unpack_scores(body: bytes, n_arcs: int) -> FloatArray:
    """The scores that `body` bears. Raises BadInput: it has not one of each number."""
    if len(body) != answer_bytes(n_arcs):
        raise BadInput(f"{len(body)} bytes are not the scores of {count(n_arcs)} choices")
    return np.frombuffer(body, _SCORE).astype(np.float64)


def answer_bytes(n_arcs: int) -> int:
    """How long an answer is."""
    return count(n_arcs) * _SCORE.itemsize


def _layout(n_nodes: int, n_arcs: int, links: int) -> np.dtype[np.void]:
    return np.dtype(
        [
            ("arcs", "<f4", (n_arcs, len(ARCS))),
            ("moves", "<f4", (n_arcs, SLOTS, len(MOVES))),
            ("nodes", "<f4", (n_nodes, len(NODES))),
            ("network", "<f4", (len(NETWORK),)),
            ("tail", "<i4", (n_arcs,)),
            ("head", "<i4", (n_arcs,)),
            ("leaving", "<i4", (n_nodes, links)),
            ("entering", "<i4", (n_nodes, links)),
        ]
    )


def _bytes(n_nodes: int, n_arcs: int, links: int) -> int:
    """Of what follows the sizes, in Python's integers, which do not overflow."""
    of_an_arc = len(ARCS) + SLOTS * len(MOVES) + 2
    of_a_node = len(NODES) + 2 * links
    return 4 * (n_arcs * of_an_arc + n_nodes * of_a_node + len(NETWORK))


def _are_within(arrays: dict[str, NDArray[np.int64]], end: int) -> bool:
    return all(((array >= 0) & (array < end)).all() for array in arrays.values())
