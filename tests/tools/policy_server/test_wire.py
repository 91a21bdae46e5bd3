"""Figures and scores travel as they are, and nothing else does."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tools.policy_server.answering import figures, situation
from tools.policy_server.model import two_nodes
from tools.policy_server.wire import pack, pack_scores, unpack, unpack_scores
from tools.ranker.opening import open_ranker
from twin.errors import BadInput
from twin.remediation.ranking.seen import Seen

SMALL = pack(two_nodes())


def _sized(n_nodes: int, n_arcs: int, links: int) -> bytes:
    return np.array([n_nodes, n_arcs, links], "<i4").tobytes() + SMALL[12:]


def test_figures_arrive_as_they_were_sent() -> None:
    sent, arrived = figures(), unpack(pack(figures()))
    for field in fields(Seen):
        there = getattr(arrived, field.name)
        assert np.array_equal(there, getattr(sent, field.name))
        assert there.dtype == getattr(sent, field.name).dtype


def test_scores_arrive_as_the_model_gave_them() -> None:
    scores = open_ranker()(figures())
    assert np.array_equal(unpack_scores(pack_scores(scores), len(figures().arcs)), scores)


def test_two_nodes_take_as_many_bytes_as_their_figures() -> None:
    # Sizes 3; of each of 2 arcs 19 figures, 11 choices of 11, and both ends; of each of 2 nodes 6
    # and one arc out and in; 9 of the network; 4 bytes each.
    assert len(SMALL) == 4 * (3 + 2 * (19 + 11 * 11 + 2) + 2 * (6 + 2) + 9)


def test_no_name_and_no_rate_travels() -> None:
    sent, state = pack(figures()), situation().state
    assert not [node.id for node in state.topology.nodes if node.id.encode() in sent]
    rates = state.traffic.rates_bps[state.traffic.rates_bps > 0.0]
    as_numbers = np.frombuffer(sent[12:], "<f4")
    assert not np.isin(rates.astype("<f4"), as_numbers).any()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no figures"),
        (SMALL[:-1], "where 2 nodes and 2 arcs take 1248"),
        (SMALL + b"\0", "where 2 nodes and 2 arcs take 1248"),
        (_sized(2**31 - 1, 2**31 - 1, 2**31 - 1), "arcs take"),
        (_sized(-2, 2, 1), "no network"),
        (_sized(2, 2, 0), "no network"),
        (SMALL[:12] + np.float32("nan").tobytes() + SMALL[16:], "no number"),
        (SMALL[:-4] + np.int32(3).tobytes(), "that there is not"),
        (SMALL[:-4] + np.int32(-1).tobytes(), "that there is not"),
    ],
)
def test_what_is_no_graph_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        unpack(body)


def _damaged(at: int, put: bytes) -> bytes:
    return SMALL[:at] + put + SMALL[at + 1 :]


@given(
    st.binary(max_size=40)
    | st.builds(_damaged, st.integers(0, len(SMALL) - 1), st.binary(max_size=2))
)
def test_anything_is_refused_or_can_be_scored(body: bytes) -> None:
    try:
        arrived = unpack(body)
    except BadInput:
        return
    assert arrived.tail.max() < len(arrived.nodes)
    assert arrived.leaving.max() <= len(arrived.arcs)


def test_scores_of_another_network_are_refused() -> None:
    with pytest.raises(BadInput, match="92 bytes are not the scores of 34 choices"):
        unpack_scores(pack_scores(np.zeros(23)), 3)
