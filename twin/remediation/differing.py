"""Which devices run something else than is intended, and would have to be taken back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.topology import Interface
from twin.physics.changes import Changes
from twin.physics.compiled import CompiledTopology, IntArray, arc_weights


@dataclass(frozen=True, slots=True, eq=False)
class Differing:
    """By egress: `differs`, which run something else than is `intended`; `polices`, which of them
    police something else, both (n_arcs,).
    """

    compiled: CompiledTopology
    intended: NetworkConfiguration
    differs: NDArray[np.bool_]
    polices: NDArray[np.bool_]

    @classmethod
    def between(
        cls,
        compiled: CompiledTopology,
        running: NetworkConfiguration,
        intended: NetworkConfiguration,
    ) -> "Differing":
        """What `running` has that is not `intended`."""
        topology = compiled.topology
        differs = np.zeros(compiled.n_arcs, dtype=np.bool_)
        polices = np.zeros(compiled.n_arcs, dtype=np.bool_)
        for runs, meant in zip(running.devices, intended.devices, strict=True):
            if runs is meant:
                continue
            for now, then in zip(runs.interfaces, meant.interfaces, strict=True):
                if now != then:
                    arc = topology.arc_of(Interface(node=runs.node, link=now.link))
                    differs[arc], polices[arc] = True, now.policers != then.policers
        return cls(compiled, intended, differs, polices)

    @property
    def devices(self) -> int:
        """How many would have to be taken back."""
        return len(np.unique(self.compiled.tail[self.differs]))

    def after(self, changes: Changes, reverts: NDArray[np.bool_]) -> IntArray:
        """How many would have to be with each of `changes`, (S,). `reverts`: which of them put an
        egress back to what is intended, (S,).
        """
        arcs, sizes = changes.arcs, np.diff(changes.first)
        tail, kept = self.compiled.tail[arcs], self.polices[arcs] & ~np.repeat(reverts, sizes)
        at_node = np.bincount(self.compiled.tail[self.differs], minlength=self.compiled.n_nodes)
        meant = arc_weights(self.compiled.topology, self.intended)
        then = (changes.weights != meant[arcs]) | kept
        left = at_node[tail] - self.differs[arcs] + then
        more = (left > 0).astype(np.int64) - (at_node[tail] > 0)
        # The arcs of one change leave different nodes.
        total = np.zeros(len(changes), dtype=np.int64)
        np.add.at(total, np.repeat(np.arange(len(changes)), sizes), more)
        return np.asarray(self.devices + total)
