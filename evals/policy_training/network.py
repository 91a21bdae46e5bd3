"""The ranker as a torch module: arcs and nodes tell each other what they see, three times."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from twin.remediation.choices import SLOTS
from twin.remediation.ranking.table import ARCS, MOVES, NETWORK, NODES

WIDTH, ROUNDS, HEAD = 48, 3, 64


@dataclass(frozen=True, slots=True)
class Graphs:
    """One network, or several laid side by side: then node and arc indices go on.

    `arcs` (A, figures), `moves` (A, SLOTS, figures), `nodes` (N, figures), `network` (G, figures):
    see `twin.remediation.ranking.table`. `tail`, `head` (A,); `leaving`, `entering` (N, most), A
    where there is no more. `of_arc` (A,), `of_node` (N,): which network it is of.
    """

    arcs: Tensor
    moves: Tensor
    nodes: Tensor
    network: Tensor
    tail: Tensor
    head: Tensor
    leaving: Tensor
    entering: Tensor
    of_arc: Tensor
    of_node: Tensor


class Ranker(nn.Module):  # type: ignore[misc]  # torch is not there to be typed
    """Scores, the higher the better: of each slot of each arc (A, SLOTS), and of waiting (G,)."""

    def __init__(self) -> None:
        super().__init__()
        self.arc_in = _mlp(len(ARCS) + SLOTS * len(MOVES), WIDTH)
        self.node_in = _mlp(len(NODES), WIDTH)
        self.network_in = _mlp(len(NETWORK), WIDTH)
        self.node_rounds = nn.ModuleList(_mlp(6 * WIDTH, WIDTH) for _ in range(ROUNDS))
        self.arc_rounds = nn.ModuleList(_mlp(5 * WIDTH, WIDTH) for _ in range(ROUNDS))
        self.node_norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(ROUNDS))
        self.arc_norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(ROUNDS))
        self.place = nn.Linear(4 * WIDTH, HEAD)
        self.move = nn.Linear(len(MOVES), HEAD)
        self.slot = nn.Parameter(torch.zeros(SLOTS, HEAD))
        self.score = nn.Sequential(nn.ReLU(), nn.Linear(HEAD, HEAD), nn.ReLU(), nn.Linear(HEAD, 1))
        self.wait_score = nn.Sequential(_mlp(3 * WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 1))

    def forward(self, x: Graphs) -> tuple[Tensor, Tensor]:
        """See the class."""
        return self.scored(x, *self.embedded(x))

    def scored(
        self, x: Graphs, arcs: Tensor, nodes: Tensor, network: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The same of what is embedded already."""
        ends = torch.cat([arcs, nodes[x.tail], nodes[x.head], network[x.of_arc]], dim=1)
        moves = self.place(ends)[:, None] + self.move(x.moves) + self.slot
        of_moves = self.score(moves)[:, :, 0]
        return of_moves, self.wait_score(pooled(x, arcs, nodes, network))[:, 0]

    def moves_scored(
        self, x: Graphs, arcs: Tensor, nodes: Tensor, network: Tensor, which: Tensor
    ) -> Tensor:
        """The scores of those slots alone that `which`, (A, SLOTS), names, in their order."""
        ends = torch.cat([arcs, nodes[x.tail], nodes[x.head], network[x.of_arc]], dim=1)
        arc, slot = which.nonzero(as_tuple=True)
        moves = self.place(ends).index_select(0, arc) + self.slot.index_select(0, slot)
        return self.score(moves + self.move(x.moves[which]))[:, 0]

    def embedded(self, x: Graphs) -> tuple[Tensor, Tensor, Tensor]:
        """What arcs, nodes and networks have learned of each other, WIDTH figures each."""
        arcs = self.arc_in(torch.cat([x.arcs, x.moves.flatten(1)], dim=1))
        nodes, network = self.node_in(x.nodes), self.network_in(x.network)
        whole_arc, whole_node = network[x.of_arc], network[x.of_node]
        for i in range(ROUNDS):
            told = [nodes, whole_node, *_gathered(arcs, x.leaving), *_gathered(arcs, x.entering)]
            nodes = self.node_norms[i](nodes + self.node_rounds[i](torch.cat(told, dim=1)))
            back = arcs.reshape(-1, 2, WIDTH).flip(1).reshape(-1, WIDTH)
            told = [arcs, back, nodes[x.tail], nodes[x.head], whole_arc]
            arcs = self.arc_norms[i](arcs + self.arc_rounds[i](torch.cat(told, dim=1)))
        return arcs, nodes, network


def pooled(x: Graphs, arcs: Tensor, nodes: Tensor, network: Tensor) -> Tensor:
    """What is told of each network as a whole, (G, 3 WIDTH)."""
    means = [_mean(nodes, x.of_node, network), _mean(arcs, x.of_arc, network)]
    return torch.cat([*means, network], dim=1)


def _mlp(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, outputs), nn.ReLU(), nn.Linear(outputs, outputs))


def _gathered(arcs: Tensor, table: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and maximum over the arcs of each node. Only arcs that are there count: a ReLU leaves
    them at 0 or more, so that a missing one, which is 0, is never the maximum of others.
    """
    rows = torch.cat([torch.relu(arcs), torch.zeros_like(arcs[:1])])[table]
    there = (table < arcs.shape[0]).sum(dim=1, keepdim=True).clamp(min=1)
    return rows.sum(dim=1) / there, rows.amax(dim=1)


def _mean(rows: Tensor, of: Tensor, network: Tensor) -> Tensor:
    if network.shape[0] == 1:
        return rows.mean(dim=0, keepdim=True)
    total = torch.zeros_like(network).index_add(0, of, rows)
    count = torch.zeros_like(network[:, :1]).index_add(0, of, torch.ones_like(rows[:, :1]))
    return total / count.clamp(min=1.0)
