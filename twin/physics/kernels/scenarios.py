"""What scenarios change of the base, one destination after another."""

from twin.physics.compiled import FloatArray, IntArray
from twin.physics.kernels.arrays import Graph, Row, Rows, Scratch, reset, row_of
from twin.physics.kernels.compiling import kernel
from twin.physics.kernels.lanes import hold, push_lanes
from twin.physics.kernels.search import (
    ANY,
    NONE,
    WEAKER,
    effect_on,
    open_scenario,
    search,
    seed_border,
    seed_stronger,
    tidy_up,
)
from twin.physics.kernels.strengthened import push_any
from twin.physics.kernels.weakened import move_weaker, push_down


@kernel
def add_differences(
    graph: Graph,
    rows: Rows,
    scratch: Scratch,
    first: IntArray,
    arcs: IntArray,
    changed: IntArray,
    together: bool,
    zeros: tuple[float, ...],
    loads: FloatArray,
    unserved: FloatArray,
) -> None:
    """Add to `loads` (n_arcs, S * K or more) and `unserved` (S, K) what each scenario changes.

    Scenario s gives arcs[first[s]:first[s + 1]] the weights `changed`, each arc once. `zeros`: K of
    them, so that K is known when this is compiled. `together`: push the flow of all scenarios down
    a DAG at once, in lanes; that is faster where the flow of a scenario reaches a good part of it.
    """
    count = first.shape[0] - 1
    for r in range(rows.order.shape[0]):
        row = row_of(rows, r)
        ready, top, n_held = False, 0, 0
        for s in range(count):
            begin, end, lane = first[s], first[s + 1], s * len(zeros)
            effect = effect_on(graph, row, begin, end, arcs, changed)
            if effect == NONE:
                continue
            if not ready:
                reset(row, scratch)
                ready = True
            if effect == ANY or not together:
                apply_scenario(
                    graph, row, scratch, begin, end, arcs, changed, effect, zeros, loads, lane,
                    unserved[s],
                )  # fmt: skip
                continue
            n_touched, n_lifted = open_scenario(graph, row, scratch, begin, end, arcs, changed)
            n_settled = search(graph, scratch, seed_border(graph, scratch, n_lifted))
            reach = move_weaker(
                graph, row, scratch, n_touched, n_lifted, n_settled, zeros, loads, lane, lane,
                unserved[s],
            )  # fmt: skip
            top = max(top, reach)
            n_held = hold(graph, row, scratch, n_touched, lane, n_held)
            tidy_up(graph, row, scratch, begin, end, arcs, n_touched, n_lifted, effect)
        if ready and together:
            push_lanes(row, scratch, top, count * len(zeros), zeros, loads)


@kernel
def apply_scenario(
    graph: Graph,
    row: Row,
    scratch: Scratch,
    begin: int,
    end: int,
    arcs: IntArray,
    changed: IntArray,
    effect: int,
    zeros: tuple[float, ...],
    loads: FloatArray,
    lane: int,
    unserved: FloatArray,
) -> tuple[int, int]:
    """Add what one scenario changes for one destination, and leave the scratch arrays clean.

    `loads`: (n_arcs, lanes * K), of which K columns from `lane` on. Returns how many entries of
    `touched_list` and `lifted_list` stay valid.
    """
    n_touched, n_lifted = open_scenario(graph, row, scratch, begin, end, arcs, changed)
    size = seed_border(graph, scratch, n_lifted)
    if effect == WEAKER:
        n_settled = search(graph, scratch, size)
        top = move_weaker(
            graph, row, scratch, n_touched, n_lifted, n_settled, zeros, loads, lane, 0, unserved
        )
        push_down(graph, row, scratch, top, zeros, loads, lane)
    else:
        size = seed_stronger(graph, scratch, begin, end, arcs, size)
        n_settled = search(graph, scratch, size)
        push_any(
            graph, row, scratch, begin, end, arcs, n_lifted, n_settled, zeros, loads, lane,
            unserved,
        )  # fmt: skip
    tidy_up(graph, row, scratch, begin, end, arcs, n_touched, n_lifted, effect)
    return n_touched, n_lifted
