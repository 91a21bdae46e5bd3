"""What no weights beat: the lowest highest utilisation when traffic splits freely."""

import highspy
import numpy as np

from twin.errors import NoctuaError
from twin.physics.compiled import NO_ARC, CompiledTopology, FloatArray, IntArray


def free_split_optimum(
    compiled: CompiledTopology, weights: IntArray, traffic_bps: FloatArray
) -> float:
    """The highest utilisation of the best multi-commodity flow of `traffic_bps` (n, n), which has a
    path throughout, over the arcs that `weights` use.

    One commodity for each destination: flow a on arc e, and utilisation u, so that what leaves a
    node is what enters it and what it sends, all flow on e is at most u times its capacity, and u
    is least. Traffic may split at each node by any share, by destination, which routers that
    follow weights do not do; so weights reach it at best.

    Raises:
        NoctuaError: the solver found no optimum.

    Source: solved by HiGHS (Huangfu and Hall, Mathematical Programming Computation 10, 2018).
    """
    solver = _QuietHighs()  # type: ignore[no-untyped-call] # Its package leaves this untyped.
    solver.setOptionValue("threads", 1)
    solver.passModel(_program(compiled, weights, traffic_bps))
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        status = solver.modelStatusToString(solver.getModelStatus())
        raise NoctuaError(f"HiGHS found no optimum of the free splits: {status}")
    return float(solver.getInfo().objective_function_value)


class _QuietHighs(highspy.Highs):
    """HiGHS that says nothing on standard output."""

    def enableCallbacks(self) -> None:  # noqa: N802
        # The constructor calls it, and a line with the version is written the first time that
        # anything is set, which would stand before our JSON.
        self.silent()
        super().enableCallbacks()  # type: ignore[no-untyped-call] # As above.


def _program(
    compiled: CompiledTopology, weights: IntArray, traffic_bps: FloatArray
) -> highspy.HighsLp:
    arcs = np.flatnonzero(weights != NO_ARC)
    tail, head = compiled.tail[arcs], compiled.head[arcs]
    # In units of the largest capacity: solvers' tolerances are for numbers near one.
    unit = float(compiled.capacity_bps[arcs].max())
    capacity = compiled.capacity_bps[arcs] / unit
    targets = np.flatnonzero(traffic_bps.any(axis=0))
    n, m, commodities = compiled.n_nodes, len(arcs), len(targets)
    balanced = commodities * n
    # A column for each flow, by destination, then arc, in the rows of what it leaves, enters and
    # loads. What enters the destination itself goes to a row that asks for nothing.
    offset = n * np.arange(commodities)[:, None]
    rows = np.stack([offset + tail, offset + head, np.broadcast_to(balanced + np.arange(m),
                    (commodities, m))], axis=2)  # fmt: skip
    sent = traffic_bps[:, targets].T / unit
    low = np.concatenate([sent.ravel(), np.full(m, -highspy.kHighsInf)])
    high = np.concatenate([sent.ravel(), np.zeros(m)])
    low[n * np.arange(commodities) + targets] = -highspy.kHighsInf
    flows = commodities * m
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = flows + 1, balanced + m
    program.col_cost_ = np.concatenate([np.zeros(flows), [1.0]])
    program.col_lower_ = np.zeros(flows + 1)
    program.col_upper_ = np.full(flows + 1, highspy.kHighsInf)
    program.row_lower_, program.row_upper_ = low, high
    matrix = program.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kColwise
    starts = np.append(3 * np.arange(flows + 1), 3 * flows + m)
    matrix.start_ = starts.astype(np.int32)
    index = np.concatenate([rows.ravel(), balanced + np.arange(m)])
    matrix.index_ = index.astype(np.int32)
    matrix.value_ = np.concatenate([np.tile([1.0, -1.0, 1.0], flows), -capacity])
    return program
