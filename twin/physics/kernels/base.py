"""The base: the flow that each destination attracts, completed and added up."""

from twin.physics.compiled import FloatArray
from twin.physics.kernels.arrays import NOWHERE, Graph, Rows
from twin.physics.kernels.compiling import kernel


@kernel
def fill_rows(
    graph: Graph,
    rows: Rows,
    loads: FloatArray,
    unserved: FloatArray,
) -> None:
    """Complete `rows` (rank, beyond, used, flow) and add up `loads` (n_arcs, K), `unserved` (K)."""
    classes = loads.shape[1]
    for row in range(rows.order.shape[0]):
        rows.rank[row, :] = NOWHERE
        count = rows.settled[row]
        for i in range(count):
            node = rows.order[row, i]
            rows.rank[row, node] = i
            for k in range(classes):
                rows.flow[row, i, k] = rows.demand[row, node, k]
        for node in range(rows.rank.shape[1]):
            if rows.rank[row, node] == NOWHERE:
                for k in range(classes):
                    unserved[k] += rows.demand[row, node, k]
        for i in range(count - 1, 0, -1):
            first, last = rows.hop_offsets[row, i], rows.hop_offsets[row, i + 1]
            for slot in range(first, last):
                arc = rows.hop_arcs[row, slot]
                ahead = rows.rank[row, graph.head[arc]]
                rows.beyond[row, slot] = ahead
                rows.used[row, arc] = True
                for k in range(classes):
                    share = rows.flow[row, i, k] / (last - first)
                    loads[arc, k] += share
                    rows.flow[row, ahead, k] += share
